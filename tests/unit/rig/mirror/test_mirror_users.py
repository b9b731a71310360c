"""The private registry's user."""

from pathlib import Path

import bcrypt

from rig.mirror.serving import users


def files(directory: Path) -> tuple[Path, Path]:
    return directory / "password", directory / "htpasswd"


def hashed(htpasswd: Path) -> tuple[str, bytes]:
    name, _, text = htpasswd.read_text().strip().partition(":")
    return name, text.encode()


def test_the_registry_knows_the_password_that_the_file_holds(tmp_path: Path) -> None:
    password, htpasswd = files(tmp_path)
    users.ensure(password, htpasswd)
    name, digest = hashed(htpasswd)
    assert name == "puller"
    assert bcrypt.checkpw(password.read_text().strip().encode(), digest)
    assert [file.stat().st_mode & 0o777 for file in (password, htpasswd)] == [0o600, 0o600]


def test_nothing_changes_while_both_agree_so_that_the_registry_goes_on(tmp_path: Path) -> None:
    password, htpasswd = files(tmp_path)
    users.ensure(password, htpasswd)
    before = [file.read_text() for file in (password, htpasswd)]
    users.ensure(password, htpasswd)
    assert [file.read_text() for file in (password, htpasswd)] == before


def test_a_password_that_an_owner_wrote_counts(tmp_path: Path) -> None:
    password, htpasswd = files(tmp_path)
    users.ensure(password, htpasswd)
    password.write_text("another\n")
    users.ensure(password, htpasswd)
    assert password.read_text() == "another\n"
    assert bcrypt.checkpw(b"another", hashed(htpasswd)[1])


def test_a_broken_file_is_written_again(tmp_path: Path) -> None:
    password, htpasswd = files(tmp_path)
    htpasswd.write_text("puller:nonsense\n")
    users.ensure(password, htpasswd)
    assert bcrypt.checkpw(password.read_text().strip().encode(), hashed(htpasswd)[1])
