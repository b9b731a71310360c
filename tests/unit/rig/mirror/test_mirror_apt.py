"""The apt repositories, seen by a real apt that knows nothing but them."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rig.mirror.apt import signing
from rig.mirror.debian import BOOKWORM, TRIXIE, Release
from rig.mirror.serving.server import FileServer, tls_context
from rig.services.certificates import ensure_authority, ensure_server
from tests.unit.rig.mirror.apt_content import GUESTS, KEYS

pytestmark = pytest.mark.host
LOOPBACK = "127.0.0.1"
Apt = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def address(tmp_path: Path, root: Path) -> Iterator[str]:
    """The base address of a file server that serves the root."""
    ensure_authority(tmp_path / "ca")
    ensure_server(tmp_path / "ca", "mirror", [LOOPBACK])
    with FileServer((LOOPBACK, 0), root, tls_context(tmp_path / "ca/mirror.pem", tmp_path / "ca/mirror.key")) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"https://{LOOPBACK}:{server.server_address[1]}/apt"
        server.shutdown()
        thread.join()


@pytest.fixture(params=GUESTS, ids=lambda guest: guest.system)
def guest(request: pytest.FixtureRequest) -> Release:
    """The release of a node."""
    release: Release = request.param
    return release


@pytest.fixture
def client(tmp_path: Path, root: Path, address: str, guest: Release) -> Apt:
    """apt-get with the repositories as its only sources, as the product's scripts write them."""
    home = tmp_path / "client"
    (home / "lists/partial").mkdir(parents=True)
    (home / "archives/partial").mkdir(parents=True)
    (home / "status").touch()
    lines = {
        "kubernetes": f"{address}/kubernetes/core:/stable:/v1.36/deb/ /",
        "docker": f"{address}/docker {guest.codename} stable",
        "crio": f"{address}/crio/isv:/cri-o:/stable:/v1.36/deb/ /",
        "debian": f"{address}/debian {guest.codename} main",
    }
    keys = {**KEYS, "debian": "debian/archive-key.asc"}
    signed = {name: f"deb [arch=amd64 signed-by={root / 'apt' / keys[name]}] {line}\n" for name, line in lines.items()}
    (home / "sources.list").write_text("".join(signed.values()))
    settings = {
        "APT::Architecture": "amd64",
        "APT::Sandbox::User": "root",
        "Acquire::https::CAInfo": str(tmp_path / "ca/ca.pem"),
        "Acquire::Languages": "none",
        "Dir::State": str(home),
        "Dir::State::status": str(home / "status"),
        "Dir::State::lists": str(home / "lists"),
        "Dir::Cache": str(home),
        "Dir::Cache::archives": str(home / "archives"),
        "Dir::Etc::sourcelist": str(home / "sources.list"),
        "Dir::Etc::sourceparts": "/dev/null",
    }
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]

    def apt_get(*arguments: str) -> subprocess.CompletedProcess[str]:
        argv = ["apt-get", *options, "-o", "APT::Update::Error-Mode=any", *arguments]
        return subprocess.run(argv, cwd=home, capture_output=True, text=True, timeout=120)

    return apt_get


@pytest.mark.parametrize(
    ("guest", "suffix"), [(TRIXIE, "~debian.13~trixie"), (BOOKWORM, "~debian.12~bookworm")], indirect=["guest"]
)
def test_apt_trusts_the_repositories_and_gets_their_packages(client: Apt, tmp_path: Path, suffix: str) -> None:
    update = client("update")
    assert update.returncode == 0, update.stderr
    assert update.stderr == ""
    docker = f"docker-ce=5:20.10.24-1{suffix}"
    wanted = ["kubelet=1.36.3-1.1", f"containerd.io=2.3.4-1{suffix}", docker, "cri-o=1.36.3-1.1"]
    wanted.append("socat=1:1.7-1")
    download = client("download", *wanted)
    assert download.returncode == 0, download.stderr
    assert sorted(file.name for file in (tmp_path / "client").glob("*.deb")) == [
        f"containerd.io_2.3.4-1{suffix}_amd64.deb",
        "cri-o_1.36.3-1.1_amd64.deb",
        f"docker-ce_5%3a20.10.24-1{suffix}_amd64.deb",
        "kubelet_1.36.3-1.1_amd64.deb",
        "socat_1%3a1.7-1_amd64.deb",
    ]


def test_apt_refuses_an_index_that_was_changed_after_signing(client: Apt, root: Path, guest: Release) -> None:
    index = root / f"apt/docker/dists/{guest.codename}/stable/binary-amd64"
    for name in ("Packages", "Packages.gz"):
        content = (index / name).read_bytes()
        (index / name).unlink()
        (index / name).write_bytes(content.replace(b"runc", b"RUNC") + b"\n")
    update = client("update")
    assert update.returncode != 0
    assert "Hash Sum mismatch" in update.stderr or "File has unexpected size" in update.stderr


def test_apt_refuses_repositories_signed_with_another_key(client: Apt, root: Path, tmp_path: Path) -> None:
    signing.ensure_key(tmp_path / "other.key")
    (root / "apt/docker/gpg").write_text(signing.public_key(tmp_path / "other.key"))
    update = client("update")
    assert update.returncode != 0
    assert "NO_PUBKEY" in update.stderr
