"""KVM counts as working only where a guest ran to its end."""

import os
from pathlib import Path

import pytest

from images import kvm


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    device = tmp_path / "kvm"
    device.write_text("")
    monkeypatch.setattr(kvm, "DEVICE", device)
    return device


def machine_with(qemu: str, folder: Path) -> dict[str, str]:
    """An environment whose QEMU is this shell script."""
    program = folder / "bin" / kvm.QEMU
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{qemu}\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


@pytest.mark.usefixtures("device")
def test_a_guest_that_reached_the_exit_device_proves_kvm(tmp_path: Path) -> None:
    assert kvm.probe(machine_with("exit 35", tmp_path)) == kvm.Kvm(True, "a guest ran to its end")


@pytest.mark.usefixtures("device")
def test_a_guest_that_only_ended_proves_nothing(tmp_path: Path) -> None:
    assert not kvm.kvm_works(machine_with("exit 0", tmp_path))


@pytest.mark.usefixtures("device")
def test_a_guest_that_comes_to_no_end_is_ended_and_said(tmp_path: Path) -> None:
    found = kvm.probe(machine_with("exec sleep 60", tmp_path), limit=0.2)
    assert not found.works
    assert "came to no end within" in found.why


@pytest.mark.usefixtures("device")
def test_what_qemu_said_is_the_reason(tmp_path: Path) -> None:
    found = kvm.probe(machine_with("echo 'error: failed to set MSR' >&2; exit 134", tmp_path))
    assert not found.works
    assert found.why.endswith("a guest does not run: error: failed to set MSR")


def test_a_machine_without_the_device_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kvm, "DEVICE", tmp_path / "none")
    assert kvm.probe(machine_with("exit 35", tmp_path)) == kvm.Kvm(False, f"{tmp_path / 'none'} is not there")


def test_a_machine_without_qemu_says_so(tmp_path: Path) -> None:
    assert kvm.probe({"PATH": str(tmp_path)}) == kvm.Kvm(False, f"there is no program {kvm.QEMU}")


def test_the_probe_runs_the_processor_that_guests_get() -> None:
    argv = kvm.probe_arguments(Path("/t/probe.img"))
    assert argv[1:5] == ["-accel", "kvm", "-cpu", "host"]
    assert "file=/t/probe.img,format=raw,if=none,id=probe,readonly=on" in argv


def test_the_boot_sector_is_one_that_firmware_starts() -> None:
    assert len(kvm.BOOT_SECTOR) == 512
    assert kvm.BOOT_SECTOR.endswith(b"\x55\xaa")
