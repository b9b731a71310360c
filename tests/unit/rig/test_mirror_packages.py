"""The mirror's Debian packages: names, relations and content, as dpkg sees them."""

import subprocess
from pathlib import Path

import pytest

from rig.mirror.binaries import BUILDS
from rig.mirror.deb import build_packages
from rig.mirror.packages import DOCKER_PACKAGES, KUBERNETES_PACKAGES, Package, control

PACKAGES = (*KUBERNETES_PACKAGES, *DOCKER_PACKAGES)
BY_NAME = {package.name: package for package in PACKAGES}


def dpkg_deb(*arguments: str) -> str:
    return subprocess.run(["dpkg-deb", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, Path]:
    """Stand-ins of the Go programs: shell scripts that say their name."""
    for build in BUILDS:
        directory = tmp_path / "programs" / build.name
        directory.mkdir(parents=True)
        for program in build.programs:
            (directory / program.output).write_text(f"#!/bin/sh\necho {program.output}\n")
    return {build.name: tmp_path / "programs" / build.name for build in BUILDS}


@pytest.fixture
def debs(tmp_path: Path, programs: dict[str, Path]) -> Path:
    build_packages(PACKAGES, programs, "amd64", tmp_path / "debs", tmp_path / "log")
    return tmp_path / "debs"


def test_packages_have_upstreams_names_and_versions(debs: Path) -> None:
    assert sorted(file.name for file in debs.iterdir()) == [
        "containerd.io_2.3.4-1~debian.12~bookworm_amd64.deb",
        "cri-tools_1.36.0-1.1_amd64.deb",
        "kubeadm_1.36.3-1.1_amd64.deb",
        "kubectl_1.36.3-1.1_amd64.deb",
        "kubelet_1.36.3-1.1_amd64.deb",
        "kubernetes-cni_1.9.1-1.1_amd64.deb",
    ]


def test_dpkg_reads_the_relations(debs: Path) -> None:
    (kubelet,) = debs.glob("kubelet_*")
    (containerd,) = debs.glob("containerd.io_*")
    wanted = "iptables (>= 1.4.21), kubernetes-cni (>= 1.2.0), mount, util-linux"
    assert dpkg_deb("--field", str(kubelet), "Depends").strip() == wanted
    assert dpkg_deb("--field", str(containerd), "Conflicts").strip() == "containerd, runc"
    assert dpkg_deb("--field", str(containerd), "Provides").strip() == "containerd, runc"


def test_everything_belongs_to_root_and_only_programs_can_be_executed(debs: Path) -> None:
    for deb in debs.iterdir():
        for line in dpkg_deb("--contents", str(deb)).splitlines():
            mode, owner, path = line.split()[0], line.split()[1], line.split()[5]
            assert owner == "root/root"
            executable = "/bin/" in path or path.startswith("./opt/cni/bin/")
            wanted = "drwxr-xr-x" if path.endswith("/") else "-rwxr-xr-x" if executable else "-rw-r--r--"
            assert mode == wanted, line


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, programs: dict[str, Path], debs: Path) -> None:
    build_packages(PACKAGES, programs, "amd64", tmp_path / "again", tmp_path / "log")
    for deb in debs.iterdir():
        assert deb.read_bytes() == (tmp_path / "again" / deb.name).read_bytes(), deb.name


def test_files_of_an_administrator_survive_an_upgrade(tmp_path: Path, debs: Path) -> None:
    listed = {}
    for deb in debs.iterdir():
        target = tmp_path / f"control-{deb.name}"
        dpkg_deb("--control", str(deb), str(target))
        conffiles = target / "conffiles"
        listed[deb.name.split("_")[0]] = conffiles.read_text().split() if conffiles.is_file() else []
    assert {name: files for name, files in listed.items() if files} == {
        "containerd.io": ["/etc/containerd/config.toml"],
        "kubelet": ["/etc/default/kubelet"],
    }


def test_the_kubelet_reads_what_kubeadm_writes() -> None:
    drop_in = BY_NAME["kubeadm"].texts["usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"]
    assert drop_in is not None
    lines = drop_in.read_text().splitlines()
    assert "EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env" in lines
    assert "EnvironmentFile=-/etc/default/kubelet" in lines
    assert lines[-2:] == [
        "ExecStart=",
        "ExecStart=/usr/bin/kubelet"
        " $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS",
    ]


def test_containerds_unit_leaves_containers_running_and_delegates_its_cgroup() -> None:
    unit = BY_NAME["containerd.io"].texts["usr/lib/systemd/system/containerd.service"]
    assert unit is not None
    lines = unit.read_text().splitlines()
    assert {"Delegate=yes", "KillMode=process", "OOMScoreAdjust=-999", "ExecStart=/usr/bin/containerd"} <= set(lines)


def test_kubernetes_cni_has_every_plugin_but_flannels() -> None:
    paths = BY_NAME["kubernetes-cni"].programs
    assert {"opt/cni/bin/bridge", "opt/cni/bin/host-local", "opt/cni/bin/portmap", "opt/cni/bin/loopback"} <= set(paths)
    assert "opt/cni/bin/flannel" not in paths


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_packages_name_programs_and_texts_that_exist(package: Package) -> None:
    built = {build.name: {program.output for program in build.programs} for build in BUILDS}
    assert all(program in built[build] for build, program in package.programs.values())
    assert all(text is None or text.is_file() for text in package.texts.values())
    assert set(package.conffiles) <= set(package.texts)


def test_only_packages_with_a_unit_have_maintainer_scripts() -> None:
    assert {package.name for package in PACKAGES if package.scripts} == {"kubelet", "containerd.io"}
    for name in ("kubelet", "containerd.io"):
        assert set(BY_NAME[name].scripts) == {"postinst", "prerm", "postrm"}


def test_maintainer_scripts_pass_shellcheck() -> None:
    scripts = [str(script) for package in PACKAGES for script in package.scripts.values()]
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_control_file_has_one_line_per_field() -> None:
    lines = control(BY_NAME["kubectl"], "amd64", 42).splitlines()
    assert lines[:3] == ["Package: kubectl", "Version: 1.36.3-1.1", "Architecture: amd64"]
    assert "Installed-Size: 42" in lines
    assert all(": " in line for line in lines)
