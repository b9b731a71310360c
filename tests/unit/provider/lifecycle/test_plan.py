"""What a machine that exists needs to be what is declared: each change, and what it takes."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from provider.vsphere.devices import Card, Controller
from provider.vsphere.lifecycle.actions import EditCard, How, Plan, RemoveCard, RemoveDisk
from provider.vsphere.lifecycle.declared import DesiredCard, DesiredDisk, by_mac
from provider.vsphere.lifecycle.plan import plan
from provider.vsphere.model import ObservedMachine
from tests.unit.provider.lifecycle.parts import DECLARED, FOUND, GIB, INSTANCE, declared, with_card, with_disk

DATA = DesiredDisk("data", 20)
STORAGE = DesiredCard("storage")
(STORAGE_MAC,) = by_mac(INSTANCE, (STORAGE,))
AHCI = replace(FOUND, controllers=(Controller(1000, "VirtualAHCIController", (0,)),))
IDE = replace(
    FOUND, controllers=(Controller(1000, "VirtualIDEController", (0,)),), controller_kind="VirtualIDEController"
)
FULL = replace(FOUND, controllers=(Controller(1000, "ParaVirtualSCSIController", tuple(range(16))),))
SIGNED = replace(FOUND, extra_config={**FOUND.extra_config, "kubelab.firmware": "efi+secureboot"})
SNAPSHOT = replace(with_disk(FOUND, "data", 20), snapshots=("monday",))


def shown(found: Plan) -> dict[str, How]:
    """The changes of a plan as it tells them, each with what it takes."""
    return {step.told: step.how for step in found.steps}


def test_a_machine_that_is_what_is_declared_needs_nothing() -> None:
    assert plan(FOUND, DECLARED) == Plan((), (), ())


@pytest.mark.parametrize(
    ("changed", "found", "told", "how"),
    [
        ({"cpus": 3}, FOUND, "cpus from 2 to 3", How.OFF),
        ({"cpus": 1}, FOUND, "cpus from 2 to 1", How.OFF),
        ({"memory_mib": 4096}, FOUND, "memoryMiB from 1024 to 4096", How.OFF),
        ({"nested_virtualization": False}, FOUND, "nestedVirtualization from True to False", How.OFF),
        ({"cpus": 3}, replace(FOUND, cpu_hot_add=True), "cpus from 2 to 3", How.RUNNING),
        ({"cpus": 1}, replace(FOUND, cpu_hot_add=True), "cpus from 2 to 1", How.OFF),
        ({"cpus": 3}, replace(FOUND, memory_hot_add=True), "cpus from 2 to 3", How.OFF),
        ({"memory_mib": 4096}, replace(FOUND, memory_hot_add=True), "memoryMiB from 1024 to 4096", How.RUNNING),
        ({"memory_mib": 512}, replace(FOUND, memory_hot_add=True), "memoryMiB from 1024 to 512", How.OFF),
        ({"hardware_version": 21}, FOUND, "hardwareVersion from 19 to 21", How.OFF),
        ({}, SIGNED, "firmware from efi back to efi+secureboot, with which it was made", How.OFF),
        ({}, replace(FOUND, name="renamed"), "name from renamed to w1", How.RUNNING),
        ({"disk_gib": 9}, FOUND, "its disk from 4 to 9 GiB", How.RUNNING),
        ({"extra_config": {"user.note": "other"}}, FOUND, "extraConfig user.note", How.RUNNING),
        ({"disks": (DATA,)}, FOUND, "disk data of 20 GiB made", How.RUNNING),
        ({"disks": (DATA,)}, AHCI, "disk data of 20 GiB made", How.OFF),
        ({"disks": (DATA,)}, with_disk(FOUND, "data", 10), "its disk data from 10 to 20 GiB", How.RUNNING),
        (
            {"disks": (DesiredDisk("data", remove=True),)},
            with_disk(FOUND, "data", 10),
            "disk data deleted, with what is on it",
            How.OFF,
        ),
        ({"cards": (STORAGE,)}, FOUND, f"card {STORAGE_MAC} on storage", How.RUNNING),
    ],
)
def test_a_change_takes_what_vsphere_needs_for_it(
    changed: Mapping[str, Any], found: ObservedMachine, told: str, how: How
) -> None:
    assert shown(plan(found, declared(**changed))) == {told: how}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"disk_gib": 1}, FOUND),
        ({"disks": (DesiredDisk("data", 5),)}, with_disk(FOUND, "data", 10)),
        ({}, with_disk(FOUND, "data", 10)),
        ({"disks": (DesiredDisk("data", remove=True),)}, FOUND),
        ({}, replace(FOUND, extra_config={**FOUND.extra_config, "somebody.else": "1"})),
        ({}, with_card(FOUND, Card(4001, "00:50:56:00:00:09", "storage"), mark=False)),
        ({"cards": (STORAGE,)}, with_card(FOUND, Card(4001, STORAGE_MAC, "storage"))),
    ],
)
def test_what_is_larger_or_of_others_is_left_as_it_is(changed: Mapping[str, Any], found: ObservedMachine) -> None:
    assert plan(found, declared(**changed)).steps == ()


@pytest.mark.parametrize(
    ("changed", "found", "refused"),
    [
        ({"disk_gib": 9}, SNAPSHOT, r"its disk cannot grow to 9 GiB because of its snapshots \(monday\); delete them"),
        (
            {"disks": (DesiredDisk("data", 30),)},
            SNAPSHOT,
            r"its disk data cannot grow to 30 GiB .* or put sizeGiB back",
        ),
        (
            {"disks": (DesiredDisk("data", remove=True),)},
            SNAPSHOT,
            r"its disk data cannot be deleted because of its sn",
        ),
        ({"disks": (DATA,)}, IDE, "its disk data finds no place: the VirtualIDEController of its first disk has none"),
        ({"disks": (DATA,)}, FULL, "its disk data finds no place"),
        (
            {"disks": (DATA,)},
            with_disk(FOUND, "data", 9, mark=False),
            r"w1-data\.vmdk is attached, but kubelab did not",
        ),
        (
            {"disks": (DesiredDisk("data", remove=True),)},
            with_disk(FOUND, "data", 9, mark=False),
            r"w1-data\.vmdk is attached, but kubelab did not make it; it was left as it is",
        ),
        (
            {"disks": (DATA,)},
            replace(with_disk(FOUND, "data", 20), disks=FOUND.disks),
            r"its disk data, .*w1-data\.vmdk, is not attached; attach it again, or write remove: true",
        ),
        ({"hardware_version": 17}, FOUND, "it has hardware version 19, and hardwareVersion is 17; it never goes down"),
        (
            {"cards": (DesiredCard("storage", mac=FOUND.cards[0].mac),)},
            FOUND,
            "a card with the MAC 00:0c:29:00:00:01, which its first card has",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy_and_nothing_of_it_is_done(
    changed: Mapping[str, Any], found: ObservedMachine, refused: str
) -> None:
    result = plan(found, declared(**changed))
    assert len(result.refused) == 1
    assert re.search(refused, result.refused[0])
    assert result.steps == ()


def test_a_disk_that_is_detached_and_not_wanted_any_more_is_only_forgotten() -> None:
    found = replace(with_disk(FOUND, "data", 20), disks=FOUND.disks)
    (step,) = plan(found, declared(disks=(DesiredDisk("data", remove=True),))).steps
    assert (step.action, step.how) == (RemoveDisk("data", None), How.RUNNING)


def test_disks_get_units_that_are_free_and_never_the_one_of_the_controller() -> None:
    found = replace(FOUND, controllers=(Controller(1000, "ParaVirtualSCSIController", (0, 1, 2, 3, 5)),))
    wanted = tuple(DesiredDisk(f"d{number}", 1) for number in range(4))
    units = [step.action.unit for step in plan(found, declared(disks=wanted)).steps]  # type: ignore[union-attr]
    assert units == [4, 6, 8, 9]


def test_a_keys_removal_leaves_keys_of_others() -> None:
    found = replace(FOUND, extra_config={**FOUND.extra_config, "somebody.else": "1"})
    assert shown(plan(found, declared(extra_config={}), obsolete={"user.note"})) == {
        "extraConfig user.note": How.RUNNING
    }


def test_a_card_that_is_declared_otherwise_or_no_more_changes_in_place() -> None:
    card = Card(4001, STORAGE_MAC, "storage")
    found = with_card(FOUND, card)
    (edit,) = plan(found, declared(cards=(replace(STORAGE, connected=False),))).steps
    assert (edit.action, edit.how) == (EditCard(card, "storage", False), How.RUNNING)
    (removal,) = plan(found, DECLARED).steps
    assert (removal.action, removal.how) == (RemoveCard(card), How.RUNNING)


@pytest.mark.parametrize("changed", [{"connected": False}, {"network": "other"}])
def test_a_first_card_that_somebody_moved_or_disconnected_is_put_back(changed: Mapping[str, Any]) -> None:
    card = replace(FOUND.cards[0], **changed)
    (step,) = plan(replace(FOUND, cards=(card,)), DECLARED).steps
    assert (step.action, step.how) == (EditCard(card, "VM Network", True), How.RUNNING)


def test_a_network_whose_cards_name_it_otherwise_is_known() -> None:
    found = replace(FOUND, cards=(replace(FOUND.cards[0], network="dvportgroup-7"),))
    assert plan(found, DECLARED, {"VM Network": "dvportgroup-7"}).steps == ()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_first_card_is_the_same_one_in_whatever_order_the_host_lists_them(order: tuple[int, ...]) -> None:
    given, foreign = Card(3999, STORAGE_MAC, "storage"), Card(4007, "00:50:56:00:00:09", "VM Network")
    found = with_card(with_card(FOUND, given), foreign, mark=False)
    listed = replace(found, cards=tuple(found.cards[at] for at in order))
    assert listed.primary_card == FOUND.cards[0]


def test_a_machines_own_disks_end_with_it_and_no_others() -> None:
    found = with_disk(with_disk(FOUND, "data", 20), "foreign", 9, unit=2, mark=False)
    assert [disk.path.rpartition("/")[2] for disk in found.made_disks] == ["w1.vmdk", "w1-data.vmdk"]
    assert sum(disk.capacity for disk in found.made_disks) == 24 * GIB
