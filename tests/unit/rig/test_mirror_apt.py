"""The apt repositories, seen by a real apt that knows nothing but them."""

import contextlib
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rig.mirror.apt import runtime_packages, signing
from rig.mirror.apt.deb import build_packages
from rig.mirror.apt.packages import KUBERNETES, Package
from rig.mirror.apt.repositories import build_repository, crio, debian, docker, pool_name, repositories
from rig.mirror.debian import source_lines
from rig.mirror.serving.publish import publish
from rig.mirror.serving.server import FileServer, tls_context
from rig.services.certificates import ensure_authority, ensure_server
from toolchain.errors import SetupError

pytestmark = pytest.mark.host

LOOPBACK = "127.0.0.1"
SOCAT = Package(
    "socat", "1:1.7-1", "relay", "net", "https://example.invalid", {"usr/bin/socat": ("kubernetes", "kubectl")}
)
DEBS = {
    "kubernetes": KUBERNETES.packages,
    "docker": (*runtime_packages.CONTAINERD.packages, *runtime_packages.DOCKER.packages),
    "crio": runtime_packages.CRIO.packages,
    "debian": (SOCAT,),
}
KEYS = {
    "kubernetes": "kubernetes/core:/stable:/v1.36/deb/Release.key",
    "docker": "docker/gpg",
    "crio": "crio/isv:/cri-o:/stable:/v1.36/deb/Release.key",
}
Apt = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, programs: dict[str, Path]) -> Path:
    """The output of the `apt` part, from packages of small stand-in programs."""
    tmp_path = tmp_path_factory.mktemp("built")
    out = tmp_path / "apt"
    for repository in repositories("amd64"):
        debs = tmp_path / "debs" / repository.name
        build_packages(DEBS[repository.name], programs, "amd64", debs, tmp_path / "log")
        build_repository(repository, sorted(debs.iterdir()), "amd64", out)
    return out


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "state" / "signing.key"


@pytest.fixture
def root(tmp_path: Path, built: Path, key: Path) -> Path:
    """What the file server serves."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files/upstream.yml").write_text("kind: Namespace\n")
    root = tmp_path / "www"
    publish(built, [tmp_path / "files"], key, root, "amd64")
    return root


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


@pytest.fixture
def client(tmp_path: Path, root: Path, address: str) -> Apt:
    """apt-get with the repositories as its only sources, as the product's scripts write them."""
    home = tmp_path / "client"
    (home / "lists/partial").mkdir(parents=True)
    (home / "archives/partial").mkdir(parents=True)
    (home / "status").touch()
    lines = {
        "kubernetes": f"{address}/kubernetes/core:/stable:/v1.36/deb/ /",
        "docker": f"{address}/docker bookworm stable",
        "crio": f"{address}/crio/isv:/cri-o:/stable:/v1.36/deb/ /",
        "debian": f"{address}/debian bookworm main",
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


def test_apt_trusts_the_repositories_and_gets_their_packages(client: Apt, tmp_path: Path) -> None:
    update = client("update")
    assert update.returncode == 0, update.stderr
    assert update.stderr == ""
    docker = "docker-ce=5:20.10.24-1~debian.12~bookworm"
    wanted = ["kubelet=1.36.3-1.1", "containerd.io=2.3.4-1~debian.12~bookworm", docker, "cri-o=1.36.3-1.1"]
    wanted.append("socat=1:1.7-1")
    download = client("download", *wanted)
    assert download.returncode == 0, download.stderr
    assert sorted(file.name for file in (tmp_path / "client").glob("*.deb")) == [
        "containerd.io_2.3.4-1~debian.12~bookworm_amd64.deb",
        "cri-o_1.36.3-1.1_amd64.deb",
        "docker-ce_5%3a20.10.24-1~debian.12~bookworm_amd64.deb",
        "kubelet_1.36.3-1.1_amd64.deb",
        "socat_1%3a1.7-1_amd64.deb",
    ]


def test_apt_refuses_an_index_that_was_changed_after_signing(client: Apt, root: Path) -> None:
    index = root / "apt/docker/dists/bookworm/stable/binary-amd64"
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
    publish(built, [tmp_path / "files"], key, root, "amd64")
    assert (root / "apt/docker/dists/bookworm/InRelease").stat() == before
    other = tmp_path / "other-files"
    (other / "github.com").mkdir(parents=True)
    (other / "github.com/manifest.yml").write_text("kind: List\n")
    publish(built, [tmp_path / "files", other], key, root, "amd64")
    assert (root / "files/upstream.yml").read_text() == "kind: Namespace\n"
    assert (root / "files/github.com/manifest.yml").read_text() == "kind: List\n"
    assert sorted(entry.name for entry in root.parent.glob("*www*")) == ["www"]


def test_publishing_replaces_what_an_interrupted_run_left(tmp_path: Path, built: Path, key: Path, root: Path) -> None:
    root.rename(root.with_name(".www.old"))
    (root.with_name(".www.new") / "apt").mkdir(parents=True)
    publish(built, [tmp_path / "files"], key, root, "amd64")
    assert (root / "apt/debian/dists/bookworm/InRelease").is_file()
    assert sorted(entry.name for entry in root.parent.glob("*www*")) == ["www"]


def test_a_package_that_two_parts_brought_is_listed_once(tmp_path: Path, programs: dict[str, Path]) -> None:
    debs: list[Path] = []
    for directory in (tmp_path / "one", tmp_path / "two"):
        build_packages((SOCAT,), programs, "amd64", directory, tmp_path / "log")
        debs += directory.iterdir()
    build_repository(debian("amd64"), debs, "amd64", tmp_path / "apt")
    index = tmp_path / "apt/debian/dists/bookworm/main/binary-amd64/Packages"
    assert index.read_text().count("Package: socat") == 1


def test_a_repository_is_the_same_for_the_same_packages(tmp_path: Path, programs: dict[str, Path]) -> None:
    packages = DEBS["docker"]
    build_packages(packages, programs, "amd64", tmp_path / "debs", tmp_path / "log")
    debs = sorted((tmp_path / "debs").iterdir())
    for name, order in (("one", debs), ("two", debs[::-1])):
        build_repository(docker("amd64"), order, "amd64", tmp_path / name)
    files = sorted(file for file in (tmp_path / "one").rglob("*") if file.is_file())
    assert len(files) == len(packages) + len(("Packages", "Packages.gz", "Release"))
    for file in files:
        assert (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes() == file.read_bytes()


def test_a_broken_package_is_refused_by_the_place_it_lies_at(tmp_path: Path, programs: dict[str, Path]) -> None:
    build_packages((SOCAT,), programs, "amd64", tmp_path / "debs", tmp_path / "log")
    broken = tmp_path / "debs" / "jq_1.6-2.1_amd64.deb"
    broken.write_bytes(b"half of a package")
    with pytest.raises(SetupError, match=f"apt repository debian: apt-ftparchive cannot read {broken}; remove"):
        build_repository(debian("amd64"), (tmp_path / "debs").iterdir(), "amd64", tmp_path / "apt")


def test_a_repository_without_packages_is_one_all_the_same(tmp_path: Path) -> None:
    repository = crio("amd64")
    build_repository(repository, (), "amd64", tmp_path)
    assert (tmp_path / repository.path / "Packages").read_bytes() == b""
    assert " Packages\n" in (tmp_path / repository.path / "Release").read_text()


def test_file_names_in_a_pool_have_no_epoch() -> None:
    assert pool_name("socat_1%3a1.7-1_amd64.deb") == "socat_1.7-1_amd64.deb"
    assert pool_name("jq_1.6-2.1_amd64.deb") == "jq_1.6-2.1_amd64.deb"


def test_debian_sources_are_the_hosts_own_without_its_other_suites() -> None:
    told = [
        "http://archive.example/debian/|bookworm|main",
        "http://archive.example/debian/|bookworm|main",
        "http://archive.example/debian/|bookworm-backports|main",
        "http://archive.example/debian/|bookworm|non-free",
        "http://security.example/|bookworm-security|main",
        "http://other.example/apt/|stable|main",
        "",
    ]
    options = "[arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    assert source_lines(told, "amd64") == [
        f"deb {options} http://archive.example/debian/ bookworm main",
        f"deb {options} http://security.example/ bookworm-security main",
    ]
