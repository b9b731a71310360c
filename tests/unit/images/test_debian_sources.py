from images.debian.sources import apt_sources, transport_settings

ARCHIVE = "http://archive.test/debian/"
SECURITY = "http://archive.test/security/"


def targets(*rows: tuple[str, str, str, str, str]) -> str:
    return "\n".join("|".join(row) for row in rows)


DEBIAN = targets(
    (ARCHIVE, "bookworm", "main", "Debian", "bookworm"),
    (ARCHIVE, "bookworm-updates", "main", "Debian", "bookworm-updates"),
    (SECURITY, "bookworm-security", "main", "Debian", "bookworm-security"),
)


def test_the_archive_its_updates_and_its_security_updates_are_taken() -> None:
    assert apt_sources(DEBIAN, "bookworm", None) == [
        f"deb {ARCHIVE} bookworm main",
        f"deb {ARCHIVE} bookworm-updates main",
        f"deb {SECURITY} bookworm-security main",
    ]


def test_a_keyring_becomes_part_of_every_line() -> None:
    lines = apt_sources(DEBIAN, "bookworm", "/usr/share/keyrings/debian.gpg")
    assert all(line.startswith("deb [signed-by=/usr/share/keyrings/debian.gpg] http") for line in lines)


def test_other_vendors_components_and_releases_are_left_out() -> None:
    others = targets(
        ("http://vendor.test/", "bookworm", "main", "Vendor", "bookworm"),
        (ARCHIVE, "bookworm", "contrib", "Debian", "bookworm"),
        (ARCHIVE, "trixie", "main", "Debian", "trixie"),
    )
    assert apt_sources(others, "bookworm", None) == []


def test_a_source_named_by_its_suite_is_found_by_its_codename() -> None:
    row = targets((ARCHIVE, "oldstable", "main", "Debian", "bookworm"))
    assert apt_sources(row, "bookworm", None) == [f"deb {ARCHIVE} oldstable main"]


def test_a_source_listed_for_two_architectures_is_taken_once() -> None:
    row = (ARCHIVE, "bookworm", "main", "Debian", "bookworm")
    assert len(apt_sources(targets(row, row), "bookworm", None)) == 1


def test_proxies_certificates_and_clock_checks_of_the_machine_are_kept() -> None:
    dump = [
        'Acquire::http::Proxy "http://proxy.test:3128";',
        'Acquire::https::CAInfo "/etc/ssl/own.pem";',
        'Acquire::Check-Valid-Until "false";',
    ]
    assert transport_settings(dump) == dump


def test_settings_of_anything_else_are_not_copied() -> None:
    dump = ['APT::Install-Recommends "1";', 'Acquire::http "";', 'Acquire::http::Proxy "";', 'Dir::Etc "etc/apt";']
    assert transport_settings(dump) == []
