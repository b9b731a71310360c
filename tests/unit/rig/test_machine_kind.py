"""Of what kind the lab's machines are: real ones, by QEMU, or containers, and what the user is told."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from images.kvm import Kvm
from rig.host.machine_kind import PACKAGES, Accelerator, Means, Wish, choose, remembered
from toolchain.errors import SetupError
from toolchain.system.packages import parse

RUNS = Kvm(True, "a guest ran to its end")
RUNS_NOT = Kvm(False, "/dev/kvm is there, but a guest came to no end within 12 s")


def nothing() -> None:
    return None


def refused() -> None:
    raise SetupError("host packages: qemu-img not found; run `sudo apt-get install qemu-utils`, then run this again")


def never() -> Kvm:
    raise AssertionError("the probe takes seconds, and its answer is not needed here")


def means(
    hindrance: str = "",
    device: bool = True,
    have: Callable[[], None] = nothing,
    there: bool = True,
    probe: Callable[[], Kvm] = lambda: RUNS,
) -> Means:
    return Means(hindrance, device, have, lambda: there, probe)


def test_by_itself_a_lab_has_virtual_machines_where_kvm_runs_guests() -> None:
    machines = choose(Wish.AUTO, False, means())
    assert (machines.real, machines.possible, machines.accelerator) == (True, True, Accelerator.KVM)


def test_a_device_that_runs_no_guest_gives_containers_and_the_reason() -> None:
    machines = choose(Wish.AUTO, False, means(probe=lambda: RUNS_NOT))
    assert (machines.real, machines.accelerator) == (False, Accelerator.TCG)
    assert machines.why == f"machines are containers: {RUNS_NOT.why}"


def test_a_host_without_a_kvm_device_gets_containers_and_no_package() -> None:
    machines = choose(Wish.AUTO, False, means(device=False, have=refused, there=False, probe=never))
    assert (machines.real, machines.possible) == (False, False)
    assert machines.why == "machines are containers: /dev/kvm is not there"


def test_a_host_without_qemu_gets_containers_and_a_sentence() -> None:
    machines = choose(Wish.AUTO, False, means(have=refused, there=False, probe=never))
    assert (machines.real, machines.possible) == (False, False)
    assert "apt-get install qemu-utils" in machines.why


def test_containers_that_are_wished_for_need_no_package_and_no_probe() -> None:
    machines = choose(Wish.CONTAINER, False, means(have=refused, there=False, probe=never))
    assert (machines.real, machines.possible) == (False, False)


def test_beside_containers_a_single_machine_may_be_real_where_qemu_is_there() -> None:
    machines = choose(Wish.CONTAINER, False, means(probe=never))
    assert (machines.real, machines.possible, machines.accelerator) == (False, True, Accelerator.TCG)


def test_a_lab_that_shall_also_have_real_machines_gets_qemu_or_fails() -> None:
    installed: list[bool] = []
    assert choose(Wish.CONTAINER, True, means(have=lambda: installed.append(True), probe=never)).possible
    assert installed == [True]
    with pytest.raises(SetupError, match="qemu-img not found"):
        choose(Wish.CONTAINER, True, means(have=refused, probe=never))


def test_virtual_machines_that_are_wished_for_run_without_kvm_too() -> None:
    machines = choose(Wish.VM, False, means(device=False, probe=lambda: RUNS_NOT))
    assert (machines.real, machines.accelerator) == (True, Accelerator.TCG)
    assert RUNS_NOT.why in machines.why


def test_virtual_machines_that_cannot_be_had_are_an_error_with_a_way_out() -> None:
    hindered = means(hindrance="/dev/net/tun is not there")
    with pytest.raises(SetupError, match="/dev/net/tun is not there; run `make rig MACHINES=container`"):
        choose(Wish.VM, False, hindered)
    assert choose(Wish.AUTO, False, replace(hindered, probe=never)).why.endswith("/dev/net/tun is not there")


def test_what_the_probe_found_is_kept_until_the_next_boot(tmp_path: Path) -> None:
    file = tmp_path / "kvm.json"
    assert remembered(file, "boot-1", lambda: RUNS_NOT) == RUNS_NOT
    assert remembered(file, "boot-1", never) == RUNS_NOT
    assert remembered(file, "boot-2", lambda: RUNS) == RUNS


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_half_a_note_of_the_probe_is_made_anew(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kvm.json"
    file.write_text(text)
    assert remembered(file, "boot-1", lambda: RUNS) == RUNS


def test_real_machines_need_an_emulator_a_disk_tool_and_a_server_of_addresses() -> None:
    signs = {sign for package in parse(PACKAGES.read_text()) for sign in package.signs}
    assert signs == {"qemu-system-x86_64", "qemu-img", "dnsmasq"}
    assert not signs & {
        sign for package in parse(PACKAGES.with_name("host-packages.txt").read_text()) for sign in package.signs
    }
