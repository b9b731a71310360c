"""The mirror's Debian packages: names, relations and content, as dpkg sees them."""

import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from rig.mirror import runtimes
from rig.mirror.apt import maintainer_scripts
from rig.mirror.apt.deb import build_packages
from rig.mirror.apt.packages import KUBERNETES, Package, control
from rig.mirror.debian import BOOKWORM, NODE_PACKAGES, TRIXIE, Release
from rig.mirror.parts import mirror_parts
from tests.unit.rig.mirror.apt_content import GUESTS

pytestmark = pytest.mark.host


def packages_for(guest: Release) -> dict[str, Package]:
    """All packages of a mirror for nodes with this release, by name."""
    own = (group for runtime in runtimes.RUNTIMES.values() for group in runtime.package_groups([guest]))
    return {package.name: package for group in (KUBERNETES, *own) for package in group.packages}


BY_NAME = packages_for(TRIXIE)
PACKAGES = tuple(BY_NAME.values())


def dpkg_deb(*arguments: str) -> str:
    return subprocess.run(["dpkg-deb", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def debs(tmp_path: Path, programs: dict[str, Path]) -> Path:
    build_packages(PACKAGES, programs, "amd64", tmp_path / "debs", tmp_path / "log")
    return tmp_path / "debs"


@pytest.mark.parametrize(
    ("guest", "suffix"),
    [(TRIXIE, "~debian.13~trixie"), (BOOKWORM, "~debian.12~bookworm")],
    ids=lambda value: getattr(value, "system", ""),
)
def test_packages_have_upstreams_names_and_versions(guest: Release, suffix: str) -> None:
    assert sorted(package.file_name("amd64") for package in packages_for(guest).values()) == [
        f"containerd.io_2.3.4-1{suffix}_amd64.deb",
        "cri-o_1.36.3-1.1_amd64.deb",
        "cri-tools_1.36.0-1.1_amd64.deb",
        f"docker-ce-cli_5%3a20.10.24-1{suffix}_amd64.deb",
        f"docker-ce_5%3a20.10.24-1{suffix}_amd64.deb",
        "kubeadm_1.36.3-1.1_amd64.deb",
        "kubectl_1.36.3-1.1_amd64.deb",
        "kubelet_1.36.3-1.1_amd64.deb",
        "kubernetes-cni_1.9.1-1.1_amd64.deb",
    ]


def test_what_packages_depend_on_can_be_had_from_the_mirror() -> None:
    relations = ", ".join(package.relations.get("Depends", "libc6") for package in PACKAGES)
    needed = {relation.split()[0] for relation in relations.split(", ")}
    # The C library comes with everything that is linked with it.
    assert needed - {"libc6"} <= {*NODE_PACKAGES, *BY_NAME}
    assert {"libdevmapper1.02.1", "libglib2.0-0", "libsystemd0"} <= needed


def test_dpkg_reads_the_relations(debs: Path) -> None:
    assert {file.name for file in debs.iterdir()} == {package.file_name("amd64") for package in PACKAGES}
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
            executable = "/bin/" in path or path.startswith(("./opt/cni/bin/", "./usr/libexec/"))
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
        "cri-o": [
            "/etc/crio/crio.conf.d/10-crio.conf",
            "/etc/crio/policy.json",
            "/etc/containers/registries.conf.d/crio.conf",
            "/etc/cni/net.d/10-crio-bridge.conflist.disabled",
            "/etc/crictl.yaml",
            "/etc/default/crio",
        ],
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
    made = {part.name: set(part.binaries) for part in mirror_parts(runtimes.RUNTIMES, GUESTS)}
    assert all(program in made[part] for part, program in package.programs.values())
    assert all(text is None or text.is_file() for text in package.texts.values())
    assert set(package.conffiles) <= set(package.texts)


def test_packages_with_a_unit_and_no_others_have_maintainer_scripts(tmp_path: Path, debs: Path) -> None:
    for deb in debs.iterdir():
        name = deb.name.split("_")[0]
        dpkg_deb("--control", str(deb), str(tmp_path / name))
        scripts = {file.name for file in (tmp_path / name).iterdir()} - {"control", "conffiles"}
        units = [path for path in BY_NAME[name].texts if path.endswith((".service", ".socket"))]
        assert scripts == ({"postinst", "prerm", "postrm"} if units else set()), name
        service = BY_NAME[name].service
        assert sorted(service.units if service else ()) == sorted(Path(unit).name for unit in units)


@pytest.mark.parametrize("package", [package for package in PACKAGES if package.service], ids=lambda each: each.name)
def test_maintainer_scripts_pass_shellcheck(package: Package) -> None:
    assert package.service is not None
    for text in maintainer_scripts.scripts(package.service).values():
        done = subprocess.run(["shellcheck", "-"], input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.fixture
def install(tmp_path: Path) -> Callable[[str], list[str]]:
    """Runs a package's postinst, as dpkg does for a new package where no systemd runs; returns what it called."""
    calls = tmp_path / "calls"
    for command in ("deb-systemd-helper", "groupadd", "getent"):
        fails = "getent" if command == "getent" else "--quiet"
        body = f'echo "{command} $*" >>{calls}\ncase "{command} $*" in *{fails}*) exit 1 ;; esac\n'
        (tmp_path / command).write_text(f"#!/bin/sh\n{body}")
        (tmp_path / command).chmod(0o755)

    def run(name: str) -> list[str]:
        service = BY_NAME[name].service
        assert service is not None
        script = maintainer_scripts.scripts(service)["postinst"].replace("/run/systemd/system", str(tmp_path / "none"))
        environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        done = subprocess.run(["bash", "-s", "configure"], input=script, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return [line for line in calls.read_text().splitlines() if "--quiet" not in line]

    return run


def test_dockers_group_is_made_before_its_units_are_enabled(install: Callable[[str], list[str]]) -> None:
    assert install("docker-ce") == [
        "getent group docker",
        "groupadd --system docker",
        "deb-systemd-helper unmask docker.socket",
        "deb-systemd-helper update-state docker.socket",
        "deb-systemd-helper unmask docker.service",
        "deb-systemd-helper update-state docker.service",
    ]


def test_a_package_without_a_group_of_its_own_makes_none(install: Callable[[str], list[str]]) -> None:
    assert install("cri-o") == [
        "deb-systemd-helper unmask crio.service",
        "deb-systemd-helper update-state crio.service",
    ]


def test_runtimes_start_when_installed_as_upstreams_packages_have_it() -> None:
    starts = {name: package.service.starts for name, package in BY_NAME.items() if package.service}
    assert starts == {"kubelet": False, "containerd.io": True, "docker-ce": True, "cri-o": False}


def test_dockerd_does_not_lower_a_score_that_a_restricted_host_keeps_as_it_is() -> None:
    lines = text_of("docker-ce", "usr/lib/systemd/system/docker.service").splitlines()
    (start,) = (line for line in lines if line.startswith("ExecStart="))
    assert start.startswith("ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock")
    assert start.endswith(" --oom-score-adjust 0")
    assert not any(line.startswith("OOMScoreAdjust=") for line in lines)


def test_crio_takes_an_administrators_runc_before_its_own() -> None:
    settings = tomllib.loads(text_of("cri-o", "etc/crio/crio.conf.d/10-crio.conf"))["crio"]
    assert settings["runtime"]["default_runtime"] == "runc"
    assert settings["runtime"]["runtimes"]["runc"]["runtime_path"] == ""
    unit = text_of("cri-o", "usr/lib/systemd/system/crio.service").splitlines()
    (path,) = (line.partition("=PATH=")[2].split(":") for line in unit if line.startswith("Environment=PATH="))
    assert (path[0], path[-1]) == ("/usr/local/sbin", "/usr/libexec/crio")
    assert "usr/libexec/crio/runc" in BY_NAME["cri-o"].programs


def test_crio_names_files_that_its_package_brings() -> None:
    settings = tomllib.loads(text_of("cri-o", "etc/crio/crio.conf.d/10-crio.conf"))["crio"]
    brought = {f"/{path}" for path in (*BY_NAME["cri-o"].programs, *BY_NAME["cri-o"].texts)}
    assert settings["image"]["signature_policy"] in brought
    assert settings["runtime"]["runtimes"]["runc"]["monitor_path"] in brought


def text_of(package: str, path: str) -> str:
    file = BY_NAME[package].texts[path]
    assert file is not None
    return file.read_text()


def test_a_control_file_has_one_line_per_field() -> None:
    lines = control(BY_NAME["kubectl"], "amd64", 42).splitlines()
    assert lines[:3] == ["Package: kubectl", "Version: 1.36.3-1.1", "Architecture: amd64"]
    assert "Installed-Size: 42" in lines
    assert all(": " in line for line in lines)
