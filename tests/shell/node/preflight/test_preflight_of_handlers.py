"""The preflight of a node with handlers: what they need is asked for before anything is installed."""

import pytest

from components.steps.node import preflight
from tests.shell.guest.machine import Guest
from tests.shell.node.preflight.answers import WANTED, assert_fit, said
from tests.shell.steps import PREFLIGHT
from tests.shell.world import CLUSTER, REPOSITORY, SITE
from tests.unit.components.handlers.declared import handler, node

KATA = preflight.environment(node("containerd", handler("kata")), CLUSTER, SITE, [REPOSITORY], "10.87.0.11")
GIVEN = {name: KATA[name] for name in ("NEEDING_KVM", "MODULES", "NESTED_VIRTUALIZATION", "RUN_GUEST")}


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    PREFLIGHT.prepare(guest)
    guest.write("/dev/vhost-vsock", "")
    guest.write("/dev/vhost-net", "")
    # Any character device will do.
    guest.answer("modprobe", "rm -f /dev/vhost-*; for each in vsock net; do ln -s /dev/null /dev/vhost-$each; done")


def test_a_machine_that_has_all_of_it_passes(guest: Guest) -> None:
    assert_fit(guest, **GIVEN)


def test_a_guest_kernel_without_the_module_is_the_named_cause(guest: Guest) -> None:
    guest.answer(
        "modprobe",
        """ln -sf /dev/null /dev/vhost-net
[[ $1 != vhost_vsock ]] || { echo "modprobe: FATAL: Module vhost_vsock not found"; exit 1; }""",
    )
    line = said(guest, "Modules", **GIVEN)
    assert "no /dev/vhost-vsock" in line
    assert "Module vhost_vsock not found" in line
    assert "linux-modules-extra" in line
    assert "take the handler from w1" in line


@pytest.mark.parametrize(
    ("flags", "fact", "words"),
    [
        ("flags\t\t: fpu sse\n", "", ("nestedHVEnabled", "no vmx or svm")),
        (
            "flags\t\t: fpu vmx\n",
            "KVM_CREATE_VM: Operation not supported",
            ("the host offers",),
        ),
    ],
    ids=["the machine's flag", "the host"],
)
def test_a_node_on_which_no_guest_runs_is_refused_with_the_cause(
    guest: Guest, flags: str, fact: str, words: tuple[str, ...]
) -> None:
    guest.write("/kernel/cpuinfo", flags)
    if fact:
        guest.state("guest", fact)
    line = said(guest, "NestedVirtualization", **GIVEN)
    assert "as kata needs it" in line
    assert "take kata from the handlers of w1" in line
    assert "prefer or off" not in line
    assert all(word in line for word in words)


def test_memory_for_what_a_pod_takes_besides_is_asked_for(guest: Guest) -> None:
    memory = int(WANTED["MIN_MEMORY_MIB"]) + 320
    guest.write("/kernel/meminfo", f"MemTotal:        {(memory - 1) * 1024} kB\n")
    assert f"at least {memory} MiB" in said(guest, "Memory", **GIVEN, MIN_MEMORY_MIB=str(memory))


def test_room_for_an_archive_is_asked_for_until_it_is_there(guest: Guest) -> None:
    assert "at least 11 GiB" in said(guest, "Disk", **GIVEN, ROOM="/opt/kata 9")
    guest.write("/opt/kata/VERSION", "4.2.0\n")
    guest.write("/etc/kubelab/node", "w1\n")
    assert_fit(guest, **GIVEN, ROOM="/opt/kata 9")
