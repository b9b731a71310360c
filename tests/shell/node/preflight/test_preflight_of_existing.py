"""00-preflight.sh on a machine that exists: what an image would have, and remedies that fit what nobody makes anew."""

import pytest

from tests.shell.guest.machine import Guest, assert_one_error
from tests.shell.node.preflight.answers import STEP, WANTED, assert_fit, said
from tests.shell.steps import PREFLIGHT

FOUND = {
    "MACHINE": "existing",
    "MACHINE_NETWORK": "10.87.0.0/24",
    "NEEDS": "curl curl\nip iproute2\nno-such-program procps\nfindmnt util-linux",
}
HERE = {**FOUND, "NEEDS": FOUND["NEEDS"].replace("no-such-program", "ps")}


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    PREFLIGHT.prepare(guest)


def test_a_fit_machine_passes_without_a_word(guest: Guest) -> None:
    assert_fit(guest, **HERE)


def test_programs_that_it_lacks_are_named_with_their_packages(guest: Guest) -> None:
    result = guest.run(STEP, {**WANTED, **FOUND})
    assert_one_error(result, "preflight Programs on w1: found no no-such-program", "apt-get install --yes procps")


def test_how_its_first_boot_ended_is_nobodys_business(guest: Guest) -> None:
    guest.answer("cloud-init", 'echo "status: error"; exit 1')
    assert_fit(guest, **HERE)


def test_an_address_outside_the_declared_network_is_named(guest: Guest) -> None:
    line = said(guest, "MachineNetwork", **{**HERE, "MACHINE_NETWORK": "192.168.1.0/24"})
    assert "found 10.87.0.11, wanted an address in 192.168.1.0/24" in line
    assert (
        guest.run(STEP, {**WANTED, **HERE, "MACHINE_NETWORK": "192.168.1.0/24", "IGNORED": "MachineNetwork"}).status
        == 0
    )
    assert_fit(guest, **{**HERE, "MACHINE_NETWORK": ""})


@pytest.mark.parametrize(
    ("fact", "text", "check", "remedy"),
    [
        ("cpus", "1", "CPUs", "give the machine more, or choose another"),
        ("disk", "1", "Disk", "give the machine more, or choose another"),
        ("address", "10.87.0.111", "Address", "write nodeAddress at platform/existing/machines/w1"),
    ],
)
def test_what_is_missing_is_answered_by_what_its_owner_can_do(
    guest: Guest, fact: str, text: str, check: str, remedy: str
) -> None:
    guest.state(fact, text)
    assert remedy in said(guest, check, **{**HERE, "MACHINE_NETWORK": ""})


def test_another_name_or_system_is_answered_by_what_to_write_or_run(guest: Guest) -> None:
    guest.write("/etc/hostname", "box\n")
    assert "hostnamectl set-hostname w1; or call the node by" in said(guest, "Hostname", **HERE)
    guest.write("/etc/hostname", "w1\n")
    guest.write("/etc/os-release", 'ID=ubuntu\nVERSION_ID="24.04"\n')
    assert "write system: ubuntu-24.04 at platform/existing/machines/w1" in said(guest, "OperatingSystem", **HERE)


def test_an_old_installation_may_be_removed_or_be_declared_to_go(guest: Guest) -> None:
    guest.write("/etc/kubernetes/kubelet.conf", "")
    line = said(guest, "Leftovers", **HERE)
    assert line.endswith("set cleanInstall: true to have it removed, or remove it by hand")
