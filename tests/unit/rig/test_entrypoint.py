"""The first process of a container machine, run on a directory in place of `/` by commands that only record."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from rig.node.container import FILES, FILES_IN_MACHINE

SCRIPT = FILES / "entrypoint.sh"
UNITS = "run/systemd/system"
APT_DAILY = "apt-daily-at-first-boot.service"
# Below these is the kernel's or the engine's, not the image's.
NOT_OF_THE_IMAGE = ("run", "proc", "sys", "dev")
STUBS = {
    "mount": 'echo "mount $*" >>"$CALLS"',
    "umount": 'echo "umount $*" >>"$CALLS"',
    "mountpoint": "exit 0",
    "hostname": "echo w1",
    "ip": 'echo "ip $*" >>"$CALLS"',
    "stat": "echo cgroup2fs",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """A root file system after the entrypoint ran; `init`: the arguments with which it became systemd."""

    root: Path
    init: str
    calls: str

    @property
    def of_the_image(self) -> dict[str, str]:
        """The image's own files, with their content or where they lead to."""
        found = {}
        for file in sorted(self.root.rglob("*")):
            path = file.relative_to(self.root)
            if path.parts[0] not in NOT_OF_THE_IMAGE and (file.is_symlink() or file.is_file()):
                found[str(path)] = str(file.readlink()) if file.is_symlink() else file.read_text()
        return found

    def text(self, path: str) -> str:
        return (self.root / path).read_text()


def image(root: Path) -> None:
    """An image of Debian, as far as the script looks at it."""
    texts = {
        # What an engine that imports an image puts in place of the image's own.
        "etc/hosts": "",
        "etc/hostname": "",
        "etc/resolv.conf": "",
        "usr/local/sbin/keep": "",
        "sbin/init": '#!/bin/sh\necho "$*" >"$INIT"\n',
        "dev/null": "",
        "dev/kmsg": "",
        "sys/class/dmi/id/product_uuid": "host\n",
        "proc/sys/kernel/random/uuid": "5ec0\n",
        "proc/sys/kernel/random/boot_id": "host\n",
        "proc/sys/net/ipv4/conf/eth0/arp_notify": "0\n",
        "sys/class/net/eth0/ifindex": "7\n",
        "proc/self/oom_score_adj": "0\n",
    }
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "sbin/init").chmod(0o755)
    shutil.copytree(FILES, root / FILES_IN_MACHINE.lstrip("/"), ignore=shutil.ignore_patterns("__pycache__"))


def confined(script: str, root: Path) -> str:
    """The script with `root` before each absolute path; AssertionError for one that this does not know."""
    first, body = script.split("\n", 1)
    code = "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("#"))
    known = {"run", "etc", "sys", "proc", "dev", "usr", "sbin"}
    assert set(re.findall(r"(?<![\w/.}*-])(?<!\w\")/([a-z]+)\b", code)) <= known
    below = re.sub(rf"(?<![\w/.}}-])/(?=(?:{'|'.join(known)})/)", f"{root}/", body)
    return f"{first}\n{below}\n"


def boot(tmp_path: Path, *, restricted: bool = False, network: str = "engine") -> Machine:
    """Starts a new machine; `restricted`: no process may lower its oom_score_adj; `network`: who configures it."""
    root, stubs = tmp_path / "root", tmp_path / "stubs"
    image(root)
    stubs.mkdir()
    for name, body in STUBS.items():
        (stubs / name).write_text(f"#!/bin/bash\n{body}\n")
        (stubs / name).chmod(0o755)
    if restricted:
        (root / "proc/self/oom_score_adj").unlink()
        (root / "proc/self/oom_score_adj").mkdir()
    (tmp_path / "entrypoint.sh").write_text(confined(SCRIPT.read_text(), root))
    return start(tmp_path, network)


def start(tmp_path: Path, network: str = "engine") -> Machine:
    """Starts the machine in this directory, once more."""
    environ = {
        "PATH": f"{tmp_path / 'stubs'}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "INIT": str(tmp_path / "init"),
        "KUBELAB_GATEWAY": "10.87.0.1",
        "KUBELAB_NETWORK": network,
        "VMX_ETHERNET0_ADDRESS": "00:0c:29:00:00:01",
        "VMX_UUID_BIOS": "4c4c4544",
    }
    argv = ["bash", str(tmp_path / "entrypoint.sh")]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return Machine(tmp_path / "root", (tmp_path / "init").read_text().strip(), (tmp_path / "calls").read_text())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return boot(tmp_path)


def test_nothing_is_written_into_the_image_but_what_the_engine_had_replaced(machine: Machine, tmp_path: Path) -> None:
    image(tmp_path / "before")
    before, after = Machine(tmp_path / "before", "", "").of_the_image, machine.of_the_image
    assert before.keys() == after.keys()
    assert {path: text for path, text in after.items() if before[path] != text} == {
        "etc/hostname": "w1\n",
        "etc/hosts": "127.0.0.1\tlocalhost\n127.0.1.1\tw1\n::1\tlocalhost ip6-localhost ip6-loopback\n",
        "etc/resolv.conf": "../run/systemd/resolve/stub-resolv.conf",
    }


def test_files_that_a_machine_changed_are_its_own_over_a_restart(tmp_path: Path) -> None:
    once = boot(tmp_path)
    (once.root / "etc/hosts").write_text("10.0.0.1 mine\n")
    (once.root / "etc/resolv.conf").unlink()
    (once.root / "etc/resolv.conf").write_text("nameserver 10.0.0.2\n")
    changed = once.of_the_image
    assert start(tmp_path).of_the_image == changed


def test_a_restricted_host_has_a_clamp_before_runc_and_an_ordinary_one_none(tmp_path: Path) -> None:
    clamped = boot(tmp_path).of_the_image
    assert "usr/local/sbin/runc" not in clamped
    (tmp_path / "restricted").mkdir()
    restricted = boot(tmp_path / "restricted", restricted=True)
    clamp = restricted.root / "usr/local/sbin/runc"
    assert clamp.readlink() == restricted.root / FILES_IN_MACHINE.lstrip("/") / "runc_clamp.py"
    assert os.access(clamp, os.X_OK)
    assert restricted.of_the_image.keys() - clamped.keys() == {"usr/local/sbin/runc"}


def test_apt_is_in_use_at_a_machines_first_boot(machine: Machine) -> None:
    wanted = machine.root / UNITS / "multi-user.target.wants" / APT_DAILY
    assert wanted.readlink() == Path("..") / APT_DAILY
    unit = wanted.read_text()
    (program,) = re.findall(r"^ExecStart=(\S+)$", unit, re.MULTILINE)
    assert Path(program).parent == Path(FILES_IN_MACHINE)
    assert os.access(machine.root / program.lstrip("/"), os.X_OK)
    (condition,) = re.findall(r"^ConditionPathExists=!(\S+)$", unit, re.MULTILINE)
    assert f"ExecStartPre=/bin/touch {condition}" in unit
    assert condition.startswith("/var/"), "it outlives a restart of the machine"


def test_every_stage_of_cloud_init_is_given_the_guest_information(machine: Machine) -> None:
    of_debian_12 = {"cloud-init-local", "cloud-init", "cloud-config", "cloud-final"}
    of_debian_13 = {"cloud-init-main", "cloud-init-local", "cloud-init-network", "cloud-config", "cloud-final"}
    drop_ins = list((machine.root / UNITS).glob("*.service.d"))
    assert {folder.name.removesuffix(".service.d") for folder in drop_ins} == of_debian_12 | of_debian_13
    for folder in drop_ins:
        assert (folder / "guestinfo.conf").read_text() == (FILES / "units" / "guestinfo.conf").read_text()
    assert "Requires=guestinfo-env.service" in (FILES / "units" / "guestinfo.conf").read_text()


def test_guest_information_is_there_before_cloud_inits_first_stage(machine: Machine) -> None:
    unit = machine.text(f"{UNITS}/guestinfo-env.service")
    (before,) = re.findall(r"^Before=(.+)$", unit, re.MULTILINE)
    assert set(before.split()) == {"cloud-init-main.service", "cloud-init-local.service"}
    assert "UMask=0077" in unit
    (written,) = re.findall(r">(\S+)\"$", unit, re.MULTILINE)
    assert f"EnvironmentFile={written}" in machine.text(f"{UNITS}/cloud-init-local.service.d/guestinfo.conf")


def test_units_that_wait_for_hardware_lead_nowhere(machine: Machine) -> None:
    units = (machine.root / UNITS).iterdir()
    masked = {unit.name: unit.readlink() for unit in units if unit.is_symlink()}
    assert {"systemd-udevd.service", "systemd-networkd-wait-online.service"} <= masked.keys()
    assert set(masked.values()) == {machine.root / "dev/null"}


def test_the_name_server_is_the_gateway_as_dhcp_would_say(machine: Machine) -> None:
    assert machine.text("run/systemd/resolved.conf.d/dhcp.conf") == "[Resolve]\nDNS=10.87.0.1\n"
    umounted = {line.removeprefix("umount ") for line in machine.calls.splitlines() if line.startswith("umount ")}
    assert umounted == {str(machine.root / "etc" / name) for name in ("hosts", "hostname", "resolv.conf")}


def test_the_adapter_has_the_vms_mac_and_the_machine_its_uuid_and_a_boot_of_its_own(machine: Machine) -> None:
    assert "ip link set dev eth0 address 00:0c:29:00:00:01\n" in machine.calls
    assert "ip -4 route add default via 10.87.0.1\n" in machine.calls
    assert machine.text("run/product_uuid") == "4c4c4544\n"
    assert machine.text("run/boot_id") == "5ec0\n"
    for source, target in (
        ("product_uuid", "sys/class/dmi/id/product_uuid"),
        ("boot_id", "proc/sys/kernel/random/boot_id"),
    ):
        assert f"mount --bind {machine.root}/run/{source} {machine.root}/{target}\n" in machine.calls


def test_the_container_becomes_systemd_with_the_network_configured_already(machine: Machine) -> None:
    assert machine.init == "network-config=disabled SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"


def test_a_machine_with_guest_data_for_its_network_has_none_from_outside(tmp_path: Path) -> None:
    machine = boot(tmp_path, network="guest")
    assert machine.init == "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1", "cloud-init configures the network"
    assert {"ip address flush dev eth0", "ip route flush table main"} <= set(machine.calls.splitlines())
    assert "route add" not in machine.calls
    assert not (machine.root / "run/systemd/resolved.conf.d").exists()
    assert (machine.root / "run/kubelab-network-taken").is_file()
    assert (machine.root / "run/udev/data/n7").is_file()
    wanted = machine.root / UNITS / "multi-user.target.wants/adapter-by-mac.service"
    assert wanted.readlink() == Path("../adapter-by-mac.service")


def test_an_engines_network_is_left_alone_where_no_guest_data_ask_for_another(machine: Machine) -> None:
    assert "flush" not in machine.calls
    assert not (machine.root / UNITS / "multi-user.target.wants/adapter-by-mac.service").is_symlink()
    assert not (machine.root / "run/kubelab-network-taken").exists()


def test_a_restarted_machine_comes_up_as_it_did(tmp_path: Path) -> None:
    once = boot(tmp_path)
    before = once.of_the_image
    shutil.rmtree(once.root / "run")
    shutil.copytree(FILES, once.root / FILES_IN_MACHINE.lstrip("/"), ignore=shutil.ignore_patterns("__pycache__"))
    again = start(tmp_path)
    assert again.of_the_image == before
    assert again.init == once.init
    assert (again.root / UNITS / "multi-user.target.wants" / APT_DAILY).is_file()
    assert again.text("run/boot_id") == "5ec0\n"
