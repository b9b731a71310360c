"""Nested virtualization: a guest is run, by the preflight and for `make doctor`; the cause that keeps one is named."""

from collections.abc import Callable

import pytest

from components.steps.node import virtualization
from tests.shell.guest.machine import Guest
from tests.shell.steps import PREFLIGHT
from tests.shell.world import WORKER

PROGRAM = {"RUN_GUEST": virtualization.program(WORKER)}
OFF = {"NESTED_VIRTUALIZATION": "off", "RUN_GUEST": ""}
SLOW = "its guest had done 3038630 of 16777216 rounds after 5 s"


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    PREFLIGHT.prepare(guest)


def hide_flag(guest: Guest) -> None:
    guest.write("/kernel/cpuinfo", "flags\t\t: fpu sse svm_lock vmxnet3\n")
    guest.answer("journalctl", "echo 'virtio: ready'; echo 'x86/cpu: VMX (outside TXT) disabled by BIOS'; exit")


def disable_in_firmware(guest: Guest) -> None:
    guest.write("/kernel/cpuinfo", "flags\t\t: fpu svm sse\n")
    guest.remove("/dev/kvm")
    guest.answer(
        "modprobe", "echo \"modprobe: ERROR: could not insert 'kvm_amd': Operation not supported\" >&2; exit 1"
    )
    guest.answer("journalctl", "echo 'kvm: disabled by bios'; exit")


def take_module(guest: Guest) -> None:
    guest.remove("/dev/kvm")
    guest.answer("modprobe", 'echo "modprobe: FATAL: Module $1 not found in directory /lib/modules/6.1.0" >&2; exit 1')


def load_without_device(guest: Guest) -> None:
    guest.remove("/dev/kvm")


def offer_what_is_not_honoured(guest: Guest) -> None:
    guest.state("guest", SLOW)


def refuse_to_make_machines(guest: Guest) -> None:
    guest.state("guest", "Traceback (most recent call last):\nKVM_CREATE_VM: Operation not supported")


# what is wrong, what is found, what to do
CAUSES: list[tuple[Callable[[Guest], None], tuple[str, ...], tuple[str, ...]]] = [
    (
        hide_flag,
        ("no vmx or svm in /proc/cpuinfo (the kernel: x86/cpu: VMX (outside TXT) disabled by BIOS)",),
        ('"Expose hardware assisted virtualization to the guest OS"', "nestedHVEnabled", "EVC", "BIOS"),
    ),
    (
        disable_in_firmware,
        ("svm in /proc/cpuinfo and no /dev/kvm", "kvm_amd", "not supported", "(the kernel: kvm: disabled by bios)"),
        ("enable VT-x or AMD-V in the BIOS of the ESXi host",),
    ),
    (
        take_module,
        ("vmx in /proc/cpuinfo and no /dev/kvm", "Module kvm_intel not found in directory /lib/modules/6.1.0"),
        ("boot a kernel that has it",),
    ),
    (load_without_device, ("no /dev/kvm: modprobe kvm_intel says: nothing",), ("nothing made its device",)),
    (offer_what_is_not_honoured, (f"/dev/kvm, and no guest that runs: {SLOW}",), ("guest of another hypervisor",)),
    (
        refuse_to_make_machines,
        ("no guest that runs: KVM_CREATE_VM: Operation not supported",),
        ("guest of another hypervisor",),
    ),
]
EACH_CAUSE = pytest.mark.parametrize(
    ("damage", "found", "remedy"), CAUSES, ids=[damage.__name__ for damage, *_ in CAUSES]
)

EACH_DAMAGE = pytest.mark.parametrize("damage", [damage for damage, *_ in CAUSES], ids=lambda damage: damage.__name__)


@EACH_CAUSE
def test_where_it_is_required_the_cause_refuses_the_machine_and_says_what_to_do(
    guest: Guest, damage: Callable[[Guest], None], found: tuple[str, ...], remedy: tuple[str, ...]
) -> None:
    damage(guest)
    result = guest.run(PREFLIGHT.file, PREFLIGHT.environment)
    assert result.status == 1
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("preflight ")]
    assert line.startswith("preflight NestedVirtualization on w1: found ")
    said, _, advice = line.partition(", wanted a guest that runs by KVM; ")
    assert all(word in said for word in found), said
    assert all(word in advice for word in (*remedy, "nestedVirtualization to prefer or off")), advice


@EACH_CAUSE
def test_where_it_is_preferred_the_cause_is_one_warning(
    guest: Guest, damage: Callable[[Guest], None], found: tuple[str, ...], remedy: tuple[str, ...]
) -> None:
    damage(guest)
    result = guest.run(PREFLIGHT.file, {**PREFLIGHT.environment, "NESTED_VIRTUALIZATION": "prefer"})
    assert (result.status, result.stdout) == (0, f"machine-id {'1' * 32}\n")
    (line,) = result.stderr.splitlines()
    assert line.startswith("warning: preflight NestedVirtualization on w1: found ")
    assert all(word in line for word in (*found, *remedy, "nestedVirtualization: off")), line


@EACH_DAMAGE
def test_where_it_is_off_nothing_is_asked(guest: Guest, damage: Callable[[Guest], None]) -> None:
    damage(guest)
    result = guest.run(PREFLIGHT.file, {**PREFLIGHT.environment, **OFF})
    assert (result.status, result.stderr) == (0, "")
    assert not guest.calls("modprobe") + guest.calls("python3")


@EACH_DAMAGE
def test_ignored_by_name_the_cause_only_warns(guest: Guest, damage: Callable[[Guest], None]) -> None:
    damage(guest)
    result = guest.run(PREFLIGHT.file, {**PREFLIGHT.environment, "IGNORED": "SystemVerification nestedvirtualization"})
    assert result.status == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("warning: preflight NestedVirtualization on w1: found ")


@EACH_CAUSE
def test_the_doctor_is_told_what_was_found_and_what_to_do(
    guest: Guest, damage: Callable[[Guest], None], found: tuple[str, ...], remedy: tuple[str, ...]
) -> None:
    damage(guest)
    result = guest.run(virtualization.STEP.file, PROGRAM)
    assert (result.status, result.stderr) == (0, "")
    said, advice = result.stdout.splitlines()
    assert all(word in said for word in found), said
    assert all(word in advice for word in remedy), advice


@pytest.mark.parametrize("wanted", ["require", "prefer"])
@pytest.mark.parametrize(("flag", "module"), [("vmx", "kvm_intel"), ("svm", "kvm_amd")])
def test_a_guest_is_run_after_the_module_of_the_processor_is_loaded(
    guest: Guest, wanted: str, flag: str, module: str
) -> None:
    guest.write("/kernel/cpuinfo", f"flags\t\t: fpu {flag} sse\nflags\t\t: fpu {flag} sse\n")
    result = guest.run(PREFLIGHT.file, {**PREFLIGHT.environment, "NESTED_VIRTUALIZATION": wanted})
    assert (result.status, result.stderr) == (0, "")
    kvm = [call.partition(" -c ")[0] for call in guest.calls() if call.startswith(("modprobe", "python3"))]
    assert kvm == [f"modprobe {module}", "python3"]


def test_the_doctor_is_told_nothing_where_a_guest_runs(guest: Guest) -> None:
    result = guest.run(virtualization.STEP.file, PROGRAM)
    assert (result.status, result.stdout, result.stderr) == (0, "", "")


def test_a_kernel_with_kvm_built_in_needs_no_module(guest: Guest) -> None:
    guest.answer("modprobe", 'echo "modprobe: FATAL: Module $1 not found" >&2; exit 1')
    result = guest.run(PREFLIGHT.file, PREFLIGHT.environment)
    assert (result.status, result.stderr) == (0, "")
