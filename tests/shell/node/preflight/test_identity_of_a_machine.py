"""What a preflight says that a machine is known by: of two that share it, one is a copy."""

import pytest

from tests.shell.guest.machine import Guest
from tests.shell.steps import PREFLIGHT

STEP, WANTED = PREFLIGHT.file, PREFLIGHT.environment


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    PREFLIGHT.prepare(guest)


def test_a_machine_is_known_by_its_id_its_firmware_and_the_card_of_its_address(guest: Guest) -> None:
    """Not by the MACs of bridges and pods, of which every machine may have the same."""
    guest.write("/sys/class/dmi/id/product_uuid", "564D9A3B-0000-0000-0000-000000000002\n")
    guest.write("/sys/class/net/eth0/address", "00:50:56:00:00:02\n")
    guest.write("/sys/class/net/cni0/address", "02:42:00:00:00:01\n")
    assert guest.run(STEP, WANTED).stdout.splitlines() == [
        "machine-id 11111111111111111111111111111111",
        "product-uuid 564d9a3b-0000-0000-0000-000000000002",
        "mac 00:50:56:00:00:02",
    ]


@pytest.mark.parametrize(
    "uuid",
    [
        "03000200-0400-0500-0006-000700080009",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
    ],
)
def test_what_all_boards_of_a_kind_have_in_place_of_a_uuid_tells_none_apart(guest: Guest, uuid: str) -> None:
    guest.write("/sys/class/dmi/id/product_uuid", f"{uuid}\n")
    assert "product-uuid" not in guest.run(STEP, WANTED).stdout


def test_a_machine_without_firmware_is_known_by_less(guest: Guest) -> None:
    guest.write("/etc/machine-id", "uninitialized\n")
    result = guest.run(STEP, WANTED)
    assert (result.status, result.stdout, result.stderr) == (0, "", "")
