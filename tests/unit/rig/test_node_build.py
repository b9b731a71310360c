import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rig.node.build import (
    FILES,
    PACKAGES,
    build_rootfs,
    cache_key,
    image_is_current,
    import_image,
    mmdebstrap_arguments,
)
from toolchain.errors import SetupError

SOURCE = "deb http://archive.test/debian/ bookworm main"


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is the whole PATH."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def command(directory: Path, name: str, body: str) -> None:
    file = directory / name
    file.write_text(f"#!/bin/bash\n{body}\n")
    file.chmod(0o755)


def apt(directory: Path, targets: str) -> None:
    command(directory, "apt-get", f"printf '%s\\n' '{targets}'")
    command(directory, "apt-config", "echo 'Acquire::Retries \"3\";'")


def copied_files(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FILES, tmp_path / "files"))


def test_the_key_is_the_same_for_the_same_files(tmp_path: Path) -> None:
    assert cache_key(copied_files(tmp_path)) == cache_key()


def test_a_changed_file_gives_another_key(tmp_path: Path) -> None:
    files = copied_files(tmp_path)
    (files / "entrypoint.sh").write_text("#!/bin/bash\n")
    assert cache_key(files) != cache_key()


def test_a_changed_mode_gives_another_key(tmp_path: Path) -> None:
    files = copied_files(tmp_path)
    (files / "entrypoint.sh").chmod(0o644)
    assert cache_key(files) != cache_key()


def test_what_the_product_installs_is_not_in_the_image() -> None:
    include = next(a for a in mmdebstrap_arguments(Path("n.tar"), [SOURCE], []) if a.startswith("--include="))
    packages = set(include.removeprefix("--include=").split(","))
    assert not packages & {"conntrack", "socat", "ebtables", "ethtool", "containerd", "runc", "kubeadm", "kubelet"}
    assert {"cloud-init", "openssh-server", "sudo", "systemd"} <= packages


def test_the_image_has_no_package_that_a_cloud_image_has_not() -> None:
    """The lab is no kinder than the field: gpg, jq, nft and conntrack are for the steps to bring."""
    text = Path(__file__).with_name("cloud_image_packages.txt").read_text()
    stock = {word for line in text.splitlines() if not line.startswith("#") for word in line.split()}
    assert len(stock) > 300
    assert set(PACKAGES) - stock == set()
    assert not stock & {"gnupg", "gpg", "jq", "nftables", "conntrack", "ebtables", "ipset"}


def test_apt_is_in_use_at_a_machines_first_boot_and_its_sources_answer_nothing(tmp_path: Path) -> None:
    for folder in ("etc/apt/apt.conf.d", "etc/apt/sources.list.d", "etc/dpkg/dpkg.cfg.d", "etc/ssh", "var/lib/cloud"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_text("deb http://archive.test/debian/ bookworm main\n")
    environ = {**os.environ, "KUBELAB_NODE_FILES": str(FILES)}
    subprocess.run(["bash", str(FILES / "customize.sh"), str(tmp_path)], env=environ, check=True)
    unit = "apt-daily-at-first-boot.service"
    started = tmp_path / "etc/systemd/system/multi-user.target.wants" / unit
    assert started.readlink() == Path("..") / unit
    assert "hold_apt_locks.py" in started.read_text()
    assert [file.name for file in (tmp_path / "etc/apt").rglob("*.*") if file.is_file()] == ["debian.sources"]


def test_the_sources_end_the_command_line_and_settings_are_passed_on() -> None:
    arguments = mmdebstrap_arguments(Path("n.tar"), [SOURCE], ['Acquire::Retries "3";'])
    assert arguments[-3:] == ["bookworm", "n.tar", SOURCE]
    assert '--aptopt=Acquire::Retries "3";' in arguments


def test_the_root_file_system_is_written_where_it_was_wanted(tmp_path: Path, commands: Path) -> None:
    apt(commands, "http://archive.test/debian/|bookworm|main|Debian|bookworm")
    command(
        commands,
        "mmdebstrap",
        'for last in "$@"; do case $last in *.tar) echo "$KUBELAB_NODE_FILES" >"$last" ;; esac; done',
    )
    out = tmp_path / "out" / "node.tar"
    build_rootfs(out, tmp_path / "log")
    assert out.read_text() == f"{FILES}\n"
    assert [file.name for file in out.parent.iterdir()] == ["node.tar"]


@pytest.mark.parametrize("allowed", [True, False])
def test_mounts_of_the_build_are_its_own_where_that_is_allowed(tmp_path: Path, commands: Path, allowed: bool) -> None:
    apt(commands, "http://archive.test/debian/|bookworm|main|Debian|bookworm")
    command(commands, "true", "")
    command(commands, "unshare", 'shift 4; export OWN=yes; exec "$@"' if allowed else "exit 1")
    command(
        commands,
        "mmdebstrap",
        'for last in "$@"; do case $last in *.tar) echo "${OWN:-no}" >"$last" ;; esac; done',
    )
    build_rootfs(tmp_path / "node.tar", tmp_path / "log")
    assert (tmp_path / "node.tar").read_text() == ("yes\n" if allowed else "no\n")


def test_a_failed_build_leaves_nothing_and_shows_the_log(tmp_path: Path, commands: Path) -> None:
    apt(commands, "http://archive.test/debian/|bookworm|main|Debian|bookworm")
    command(
        commands,
        "mmdebstrap",
        'for last in "$@"; do case $last in *.tar) echo >"$last" ;; esac; done; echo E: no space >&2; exit 1',
    )
    with pytest.raises(SetupError, match="building the node image") as failure:
        build_rootfs(tmp_path / "out" / "node.tar", tmp_path / "log")
    assert "E: no space" in failure.value.evidence
    assert list((tmp_path / "out").iterdir()) == []


def test_a_machine_without_debian_in_its_apt_sources_is_told_so(tmp_path: Path, commands: Path) -> None:
    apt(commands, "http://vendor.test/|bookworm|main|Vendor|bookworm")
    with pytest.raises(SetupError, match="no source of Debian bookworm main"):
        build_rootfs(tmp_path / "node.tar", tmp_path / "log")


def engine(directory: Path, label: str) -> Path:
    """A `docker` that has one image with the given label and prints how it was called to a file."""
    calls = directory / "calls"
    record = f'printf "%s\\n" "$@" >>{calls}'
    answer = f'case "$1 $2" in "image ls") echo 0123456789ab ;; "image inspect") echo "{label}" ;; esac'
    command(directory, "docker", f"{record}\n{answer}")
    return calls


def test_the_image_is_current_while_its_label_is_the_key(commands: Path) -> None:
    engine(commands, cache_key())
    assert image_is_current("docker", "node:1")
    engine(commands, "another")
    assert not image_is_current("docker", "node:1")


def test_a_missing_image_is_not_current(commands: Path) -> None:
    command(commands, "docker", "exit 0")
    assert not image_is_current("docker", "node:1")


def test_the_imported_image_starts_the_entrypoint_and_carries_the_key(tmp_path: Path, commands: Path) -> None:
    calls = engine(commands, "")
    import_image("docker", tmp_path / "node.tar", "node:1", tmp_path / "log")
    lines = calls.read_text().splitlines()
    assert '--change=ENTRYPOINT ["/usr/local/lib/kubelab/entrypoint.sh"]' in lines
    assert f"--change=LABEL kubelab.node.key={cache_key()}" in lines
    assert lines[-2:] == [str(tmp_path / "node.tar"), "node:1"]
