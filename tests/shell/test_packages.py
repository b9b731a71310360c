"""packages.sh: the one way in which steps call apt and dpkg, with what holds them up on machines of the field."""

import pytest

from components.step import LOCK_WAIT_SECONDS, read_script
from tests.shell.guest.machine import Guest
from tests.shell.world import KEY, KEY_FINGERPRINT, KEY_URL, KEYRING, OTHER_KEY

LIBRARY = "# library: packages.sh\n"
INSTALL = f"{LIBRARY}install_packages 'one=1.2.3-*'\n"
LOCKS = {
    "/var/lib/apt/lists/lock": (
        "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt-get)\n"
        "E: Unable to lock directory /var/lib/apt/lists/"
    ),
    "/var/cache/apt/archives/lock": (
        "E: Could not get lock /var/cache/apt/archives/lock. It is held by process 1 (apt-get)\n"
        "E: Unable to lock the download directory"
    ),
    "/var/lib/dpkg/lock-frontend": (
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (unattended-upgr)\n"
        "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?"
    ),
    "/var/lib/dpkg/lock": (
        "E: Could not get lock /var/lib/dpkg/lock. It is held by process 1 (dpkg)\n"
        "E: Unable to lock the administration directory (/var/lib/dpkg/), is another process using it?"
    ),
}
EACH_LOCK = pytest.mark.parametrize("lock", LOCKS)


def refuse(guest: Guest, said: str, *, times: int, command: str = "apt-get", when: str = "") -> None:
    """Let a command fail so many times, and then answer as usual; `when` is what its arguments then hold."""
    condition = f'[[ "$*" == *{when}* ]] && ' if when else ""
    guest.answer(
        command,
        f'{condition}(($(grep -c refused "$state/events" || true) < {times})) && '
        f"{{ happened refused; cat >&2 <<'SAID'\n{said}\nSAID\nexit 100; }} || true",
    )
    guest.write("/var/lib/guest/events", "")


@pytest.mark.case("C7")
@EACH_LOCK
@pytest.mark.parametrize("call", ["install_packages 'one=1-*'", "refresh_lists"])
def test_a_lock_of_another_process_is_waited_for_and_its_holder_named(guest: Guest, lock: str, call: str) -> None:
    guest.write("/kernel/1/cgroup", "0::/system.slice/apt-daily.service\n")
    refuse(guest, LOCKS[lock], times=3)
    result = guest.run_text(f"{LIBRARY}{call}\n")
    assert (result.status, result.errors) == (0, [])
    (waiting,) = [line for line in result.stderr.splitlines() if line.startswith("waiting for ")]
    assert waiting == f"waiting for {lock}, held by process 1 (systemd of apt-daily.service)"
    assert len(guest.calls("apt-get")) == 4


@pytest.mark.case("C7")
@EACH_LOCK
def test_a_lock_that_is_never_free_ends_in_one_error_that_names_who_holds_it(guest: Guest, lock: str) -> None:
    guest.write("/kernel/1/cgroup", "0::/system.slice/unattended-upgrades.service\n")
    refuse(guest, LOCKS[lock], times=10_000)
    result = guest.run_text(INSTALL)
    assert result.status == 1
    (error,) = result.errors
    assert "installing one=1.2.3-*" in error
    assert f"waited 600 s for {lock}, held by process 1 (systemd of unattended-upgrades.service)" in error
    assert "run pulumi up again once that ended" in error
    # The wait for the lock of steps is longer than that for apt's.
    assert LOCK_WAIT_SECONDS > 600


@pytest.mark.case("C7")
def test_a_dpkg_that_is_locked_is_waited_for_as_well(guest: Guest) -> None:
    guest.write("/var/lib/dpkg/updates/0001", "")
    refuse(guest, "dpkg: error: dpkg frontend lock was locked by another process with pid 1", times=2, command="dpkg")
    result = guest.run_text(INSTALL)
    assert (result.status, result.errors) == (0, [])
    assert len(guest.calls("--configure -a")) == 3


@pytest.mark.case("C21")
def test_dpkg_and_apt_never_ask_about_a_changed_configuration_file(guest: Guest) -> None:
    guest.write("/var/lib/dpkg/updates/0001", "")
    guest.answer("dpkg", 'happened "dpkg: $DEBIAN_FRONTEND, stdin: $(readlink /proc/self/fd/0)"')
    assert guest.run_text(f"{INSTALL}refresh_lists\n").status == 0
    (configured,) = guest.calls("dpkg --force")
    assert configured == "dpkg --force-confdef --force-confold --configure -a"
    assert "dpkg: noninteractive, stdin: /dev/null" in guest.read("/var/lib/guest/events")
    assert guest.calls("apt-get")
    for call in guest.calls("apt-get"):
        for option in (
            "Dpkg::Options::=--force-confdef",
            "Dpkg::Options::=--force-confold",
            "DPkg::Lock::Timeout=",
            "Acquire::Retries=",
            "-y",
        ):
            assert f" {option}" in call, call


def test_no_service_is_restarted_by_needrestart_in_the_middle_of_a_step(guest: Guest) -> None:
    """Pitfall: Ubuntu's hook of apt restarts the container runtime while a cluster is made, or asks about it."""
    guest.answer("apt-get", 'happened "needrestart: $NEEDRESTART_SUSPEND $NEEDRESTART_MODE"')
    assert guest.run_text(INSTALL).status == 0
    assert "needrestart: 1 l" in guest.read("/var/lib/guest/events").splitlines()


@pytest.mark.case("C21")
def test_an_interruption_that_only_apt_sees_is_finished_too(guest: Guest) -> None:
    said = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem."
    refuse(guest, said, times=1)
    assert guest.run_text(INSTALL).status == 0
    assert guest.calls("dpkg --force-confdef --force-confold --configure -a")


NOT_FOUND = {
    "version": "E: Version '1.2.3-*' for 'one' was not found",
    "package": "E: Unable to locate package one",
    "candidate": "E: Package 'one' has no installation candidate",
    "file": "E: Failed to fetch https://mirror/one.deb  404  Not Found [IP: 10.87.0.1 443]",
}


@pytest.mark.case("C8")
@pytest.mark.parametrize("said", NOT_FOUND.values(), ids=NOT_FOUND)
def test_lists_of_an_earlier_day_are_read_again_before_a_package_is_not_found(guest: Guest, said: str) -> None:
    refuse(guest, said, times=1, when="' install '")
    result = guest.run_text(INSTALL)
    assert (result.status, result.errors) == (0, [])
    assert [call.split()[-1] for call in guest.calls("apt-get")] == ["one=1.2.3-*", "update", "one=1.2.3-*"]
    assert guest.known("packages/one") == "1.2.3-1"


@pytest.mark.case("C8")
def test_a_package_that_is_not_there_is_one_error_with_what_was_sought_where_and_said(guest: Guest) -> None:
    guest.write("/etc/apt/sources.list.d/kubelab-x.sources", "Types: deb\nURIs: https://mirror.test/x/deb/\n")
    refuse(guest, NOT_FOUND["version"], times=10, when="' install '")
    result = guest.run_text(INSTALL)
    assert result.status == 1
    (error,) = result.errors
    words = ("installing one=1.2.3-* on w1", "https://mirror.test/x/deb/", NOT_FOUND["version"], "apt-cache madison")
    assert all(word in error for word in words), error
    assert len(guest.calls(" update")) == 1


@pytest.mark.case("C8")
def test_a_source_that_does_not_answer_meanwhile_is_named_beside_what_was_not_found(guest: Guest) -> None:
    refuse(guest, NOT_FOUND["version"], times=100, when="' install '")
    guest.answer(
        "apt-get",
        '[[ "$*" == *" update" ]] && echo "E: Failed to fetch https://other/InRelease" >&2 || '
        f'echo "{NOT_FOUND["version"]}" >&2; exit 100',
    )
    (error,) = guest.run_text(INSTALL).errors
    assert "E: Failed to fetch https://other/InRelease; E: Version" in error


RENEWED = {
    "expired": "W: GPG error: https://mirror InRelease: The following signatures were invalid: EXPKEYSIG D069",
    "unknown": "The following signatures couldn't be verified because the public key is not available: NO_PUBKEY D069",
    # Of apt 3, which verifies by sqv: Debian 13 and Ubuntu 26.04.
    "expired for sqv": "Err:1 https://mirror InRelease\n  Sub-process /usr/bin/sqv returned an error code (1), error"
    " message is: Verifying signature: The primary key is not live   because: Expired on 2026-11-01T00:00:00Z",
    "unknown to sqv": "Warning: OpenPGP signature verification failed: https://mirror InRelease: Sub-process "
    "/usr/bin/sqv returned an error code (1), error message is: Missing key D069, which is needed to verify signature.",
}
REFUSED_BY_POLICY = (
    "  Sub-process /usr/bin/sqv returned an error code (1), error message is: Signing key on D069 is not bound:"
    "   because: SHA1 is not considered secure since 2026-02-01T00:00:00Z"
)
GIVEN = {"APT_KEYS": f"{KEYRING} {KEY_URL} {KEY_FINGERPRINT}", "PICK_KEY": read_script("installed/pick_key.py")}
FETCH = '# library: keyrings.sh\nfetch_keys "$APT_KEYS"\n'
UPDATE = f"{LIBRARY}refresh_lists || fail_packages 'reading the package lists'\n"


@pytest.mark.case("C9")
@pytest.mark.parametrize("said", RENEWED.values(), ids=RENEWED)
def test_a_key_that_was_renewed_under_its_address_is_fetched_again(guest: Guest, said: str) -> None:
    guest.web(KEY_URL, KEY)
    guest.run_text(FETCH, GIVEN)
    guest.write(KEYRING, "expired\n")
    refuse(guest, f"{said}\nE: The repository 'https://mirror InRelease' is not signed.", times=1)
    result = guest.run_text(UPDATE)
    assert (result.status, result.errors) == (0, [])
    assert guest.read(KEYRING) == KEY
    assert len(guest.calls(" update")) == 2


@pytest.mark.case("C9")
def test_another_key_under_the_address_is_refused_and_the_former_one_stays(guest: Guest) -> None:
    guest.web(KEY_URL, KEY)
    guest.run_text(FETCH, GIVEN)
    guest.web(KEY_URL, OTHER_KEY)
    refuse(guest, RENEWED["expired"], times=1)
    result = guest.run_text(UPDATE)
    assert result.status == 1
    (error,) = result.errors
    assert KEY_FINGERPRINT in error
    assert guest.read(KEYRING) == KEY


@pytest.mark.case("C9")
@pytest.mark.parametrize(("kind", "shown"), [("expired", "EXPKEYSIG"), ("expired for sqv", "Expired on 2026-11-01")])
def test_a_key_that_is_still_expired_is_said_to_be_its_owners_to_renew(guest: Guest, kind: str, shown: str) -> None:
    guest.web(KEY_URL, KEY)
    guest.run_text(FETCH, GIVEN)
    refuse(guest, RENEWED[kind], times=10)
    (error,) = guest.run_text(UPDATE).errors
    assert "reading the package lists on w1" in error
    assert shown in error
    assert "its owner has not published it anew" in error
    assert len(guest.calls(" update")) == 2


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        (REFUSED_BY_POLICY, "this apt takes no such signature any more"),
        (RENEWED["unknown to sqv"], "signed with another key than the trusted one"),
    ],
)
def test_a_signature_that_a_newer_apt_refuses_is_shown_with_its_remedy(guest: Guest, said: str, remedy: str) -> None:
    guest.web(KEY_URL, KEY)
    guest.run_text(FETCH, GIVEN)
    refuse(guest, f"{said}\nError: The repository 'https://mirror InRelease' is not signed.", times=10)
    (error,) = guest.run_text(UPDATE).errors
    assert all(words in error for words in ("sqv returned an error", "Error: The repository 'https://mirror", remedy))


@pytest.mark.case("C20")
@pytest.mark.parametrize("said", ["missing     /usr/bin/one", "??5??????   /usr/bin/one", "missing   /opt/cni/bin/x"])
def test_a_package_whose_programs_a_power_loss_emptied_is_installed_again(guest: Guest, said: str) -> None:
    guest.run_text(INSTALL)
    guest.state("broken/one", said)
    assert guest.run_text(INSTALL).status == 0
    (call,) = guest.calls("apt-get")
    assert " --reinstall one=1.2.3-*" in call
    guest.run_text(INSTALL)
    assert not guest.calls("apt-get")


def test_a_configuration_file_that_was_changed_by_hand_is_no_broken_package(guest: Guest) -> None:
    guest.run_text(INSTALL)
    guest.state("broken/one", "??5?????? c /etc/one.conf\nmissing     /usr/share/doc/one/copyright")
    guest.run_text(INSTALL)
    assert not guest.calls("apt-get")
