"""What is published: signed by a key made once, put in place whole."""

import contextlib
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from rig.mirror.apt import signing
from rig.mirror.serving.publish import publish
from tests.unit.rig.mirror.apt_content import GUESTS, KEYS, REPOSITORIES

pytestmark = pytest.mark.host


def test_keys_lie_where_upstream_has_them(root: Path) -> None:
    found = [(root / "apt" / key).read_text() for key in (*KEYS.values(), "debian/archive-key.asc")]
    assert found[0].startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    assert found == found[:1] * 4


def test_the_signing_key_is_secret_and_made_once(key: Path) -> None:
    signing.ensure_key(key)
    first = key.read_text()
    signing.ensure_key(key)
    assert key.read_text() == first
    assert key.stat().st_mode & 0o777 == 0o600


def test_the_fingerprint_is_that_of_the_key_which_clients_get(tmp_path: Path, root: Path, key: Path) -> None:
    argv = ["gpg", "--homedir", str(tmp_path / "home"), "--batch", "--with-colons", "--show-keys"]
    (tmp_path / "home").mkdir(mode=0o700)
    public = (root / "apt/debian/archive-key.asc").read_bytes()
    shown = subprocess.run(argv, input=public, capture_output=True, check=True).stdout.decode()
    assert f"fpr:::::::::{signing.fingerprint(key)}:" in shown


def test_no_agent_of_gnupg_stays(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = uuid.uuid4().hex
    monkeypatch.setenv("KUBELAB_TEST_MARK", mark)
    signing.ensure_key(key)
    deadline = time.monotonic() + 20
    while (left := agents_with(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def agents_with(mark: str) -> list[str]:
    """Process ids of the gpg-agents that inherited a marked environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            marked = mark.encode() in (process / "environ").read_bytes()
            if marked and (process / "comm").read_text().strip() == "gpg-agent":
                found.append(process.name)
    return found


def test_publishing_again_changes_nothing_and_a_new_part_replaces_the_tree(
    tmp_path: Path, built: Path, key: Path, root: Path
) -> None:
    before = (root / "apt/docker/dists/bookworm/InRelease").stat()
    publish(built, REPOSITORIES, [tmp_path / "files"], key, root)
    assert (root / "apt/docker/dists/bookworm/InRelease").stat() == before
    other = tmp_path / "other-files"
    (other / "github.com").mkdir(parents=True)
    (other / "github.com/manifest.yml").write_text("kind: List\n")
    publish(built, REPOSITORIES, [tmp_path / "files", other], key, root)
    assert (root / "files/upstream.yml").read_text() == "kind: Namespace\n"
    assert (root / "files/github.com/manifest.yml").read_text() == "kind: List\n"
    assert sorted(entry.name for entry in root.parent.glob("*www*")) == ["www"]


def test_publishing_replaces_what_an_interrupted_run_left(tmp_path: Path, built: Path, key: Path, root: Path) -> None:
    root.rename(root.with_name(".www.old"))
    (root.with_name(".www.new") / "apt").mkdir(parents=True)
    publish(built, REPOSITORIES, [tmp_path / "files"], key, root)
    for guest in GUESTS:
        assert (root / f"apt/debian/dists/{guest.codename}/InRelease").is_file()
    assert sorted(entry.name for entry in root.parent.glob("*www*")) == ["www"]
