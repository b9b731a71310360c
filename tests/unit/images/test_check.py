"""How QEMU is called, what the machine is told, and what a look at it must show."""

import re
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
import yaml

from images.check.looks import Look, looks
from images.check.machine import FIRMWARES, Machine, processor, qemu_arguments
from images.check.seed import new_keys, seed_files
from images.store import Baked

MAC = "52:54:00:00:00:01"
MACHINE = Machine(
    "m", Path("/t/disk"), Path("/t/seed"), Path("/t/console"), 2222, MAC, kvm=False, nested=True, variables=Path("/t/v")
)


def device(machine: Machine, kind: str) -> list[str]:
    argv = qemu_arguments(machine)
    return [argv[at + 1] for at, word in enumerate(argv) if word == "-device" and argv[at + 1].startswith(kind)]


@pytest.mark.parametrize(
    ("kvm", "nested", "wanted"),
    [
        (True, True, "host"),
        (True, False, "host,-svm,-vmx"),
        (False, True, "qemu64,+svm"),
        (False, False, "qemu64,-svm"),
    ],
)
def test_the_processor_can_run_guests_or_not_as_asked(kvm: bool, nested: bool, wanted: str) -> None:
    machine = replace(MACHINE, kvm=kvm, nested=nested)
    argv = qemu_arguments(machine)
    assert processor(machine) == wanted
    assert argv[argv.index("-cpu") + 1] == wanted
    assert argv[argv.index("-accel") + 1] == ("kvm" if kvm else "tcg,thread=multi")


def test_by_bios_the_machine_has_esxis_controller_and_card() -> None:
    assert device(MACHINE, "pvscsi")
    assert device(MACHINE, "vmxnet3") == [f"vmxnet3,netdev=net,mac={MAC}"]


def test_ssh_is_reached_by_the_loopback_alone() -> None:
    (netdev,) = [word for word in qemu_arguments(MACHINE) if word.startswith("user,")]
    assert "hostfwd=tcp:127.0.0.1:2222-:22" in netdev


@pytest.mark.parametrize("firmware", [each for each in FIRMWARES if each != "bios"])
def test_by_uefi_the_firmware_is_read_only_and_its_variables_are_a_copy(firmware: str) -> None:
    machine = replace(MACHINE, firmware=firmware)
    flash = [word for word in qemu_arguments(machine) if word.startswith("if=pflash")]
    assert "readonly=on" in flash[0]
    assert flash[1].endswith("file=/t/v")
    assert device(machine, "virtio-scsi-pci")


def test_a_kernel_without_ahci_gets_the_disc_as_a_disk() -> None:
    assert device(MACHINE, "ide-cd")
    assert device(replace(MACHINE, seed_is_cdrom=False), "scsi-hd,drive=seed")


def test_the_disc_gives_the_host_key_and_lets_nobody_else_in() -> None:
    keys = new_keys()
    files = seed_files(keys, MAC, "i-1")
    told = yaml.safe_load(files["user-data"])
    assert files["user-data"].startswith("#cloud-config\n")
    assert asyncssh.import_private_key(told["ssh_keys"]["ed25519_private"]).public_data == keys.host.public_data
    assert told["ssh_deletekeys"] is True
    (user,) = told["users"]
    assert user["ssh_authorized_keys"] == [keys.user.export_public_key().decode().strip()]
    assert yaml.safe_load(files["network-config"])["ethernets"]["id0"]["match"] == {"macaddress": MAC}


DISK = 8 << 30
GOOD = {
    "system": "debian-13\n6.12.1-cloud-amd64",
    "cloud-init": "status: done\nnocloud",
    "root file system": str(DISK - (200 << 20)),
    "host keys": "ssh-ed25519 AAAA root@m",
    "machine ID": "0" * 32,
    "passwords": "root:*\nsshd:!*\nkubelab:!",
    "resolver": "127.0.0.1 STREAM localhost\nnameserver 127.0.0.53",
    "VMware Tools": "/usr/bin/vmtoolsd\n/usr/bin/vmware-rpctool",
    "units": "",
    "nested virtualization": "svm\n/dev/kvm",
}
BAD = {
    "system": "debian-12\n6.1.0",
    "cloud-init": "status: error\nnocloud",
    "root file system": str(3 << 30),
    "host keys": "ssh-ed25519 AAAA\nssh-rsa BBBB",
    "machine ID": "uninitialized",
    "passwords": "root:$y$hash",
    "resolver": "127.0.0.1 STREAM localhost",
    "VMware Tools": "",
    "units": "ssh.service loaded failed failed OpenBSD Secure Shell server",
    "nested virtualization": "svm",
}


@pytest.mark.parametrize("look", looks("debian-13", DISK, "ssh-ed25519 AAAA", nested=True), ids=lambda look: look.title)
def test_each_look_tells_good_from_bad(look: Look) -> None:
    assert look.judge(GOOD[look.title])
    with pytest.raises(ValueError, match=r"wanted|failed|password|nameserver"):
        look.judge(BAD[look.title])


def test_virtualization_that_was_switched_off_must_be_gone() -> None:
    look = looks("debian-13", DISK, "k", nested=False)[-1]
    assert look.judge("none") == "off: no flag, no /dev/kvm"
    with pytest.raises(ValueError, match="wanted: both False"):
        look.judge("svm\n/dev/kvm")


INSIDE = Baked("lab", "1.36.3", {"containerd": "2.3.4"})


def test_a_stack_inside_is_there_and_rests() -> None:
    look = looks("debian-13", DISK, "k", nested=True, baked=INSIDE)[-1]
    said = "v1.36.3\ncontainerd.service inactive disabled\nkubelet.service inactive disabled"
    assert look.judge(said) == "kubeadm v1.36.3; at rest: containerd.service, kubelet.service"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("", "kubeadm none, 0 units; wanted: v1.36.3"),
        ("v1.36.2\nkubelet.service inactive disabled", "kubeadm v1.36.2, 1 units; wanted"),
        ("v1.36.3\nkubelet.service activating enabled", "kubelet.service activating enabled; wanted"),
        ("v1.36.3", "kubeadm v1.36.3, 0 units"),
    ],
)
def test_a_stack_that_is_another_or_does_not_rest_is_a_fault(said: str, fault: str) -> None:
    look = looks("debian-13", DISK, "k", nested=True, baked=INSIDE)[-1]
    with pytest.raises(ValueError, match=re.escape(fault)):
        look.judge(said)
