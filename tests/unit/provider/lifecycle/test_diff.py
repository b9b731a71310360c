"""What a preview says of a machine's further disks, cards, version and power, and what a refresh and an import show."""

import re
from dataclasses import replace
from typing import Any

import pytest

from provider import machine_diff, machine_read, replacement
from provider.resource import Change, Kind
from provider.vsphere import identity, observe
from provider.vsphere.desired import desired_machine
from provider.vsphere.devices import Card
from provider.vsphere.errors import RefusedError
from provider.vsphere.lifecycle.declared import DesiredCard, by_mac
from provider.vsphere.making.cloudinit import seed
from provider.vsphere.model import ObservedMachine
from tests.unit.provider.lifecycle.parts import DECLARED, FOUND, INSTANCE, with_card, with_disk

MARK = "kubelab/test@0123456789abcdef/w1"
DATA = {"name": "data", "sizeGiB": 20}
PROPERTIES: dict[str, Any] = {
    "name": "w1",
    "cpus": 2,
    "memoryMiB": 1024,
    "diskGiB": 4,
    "nestedVirtualization": True,
    "image": "[ds] base/disk.vmdk",
    "imageSha256": DECLARED.image_sha256,
    "datastore": "ds",
    "network": "VM Network",
    "machineNetwork": "10.87.0.0/24",
    "sshUser": "lab",
    "sshPublicKey": DECLARED.ssh_public_key,
    "hostKeyPrivate": "a private key",
    "hostKeyPublic": DECLARED.host_key_public,
    "extraConfig": {},
}
(STORAGE_MAC,) = by_mac(INSTANCE, (DesiredCard("storage"),))
READY = replace(FOUND, extra_config={identity.PHASE_KEY: identity.READY})


def changed(olds: dict[str, Any], news: dict[str, Any]) -> dict[str, tuple[Kind, Change]]:
    """The changes of properties over those that are the same, by path."""
    found = machine_diff.changes({**PROPERTIES, **olds}, {**PROPERTIES, **news})
    return {change.path: (change.kind, change.change) for change in found}


@pytest.mark.parametrize(
    ("olds", "news", "path", "kind"),
    [
        ([], [DATA], "extraDisks[0]", Kind.ADD),
        ([DATA], [{"name": "logs", "sizeGiB": 1}, {**DATA, "sizeGiB": 30}], "extraDisks[1].sizeGiB", Kind.UPDATE),
        ([DATA], [{**DATA, "remove": True}], "extraDisks[0].remove", Kind.ADD),
    ],
)
def test_a_disk_is_compared_by_its_name_and_changes_in_place(olds: Any, news: Any, path: str, kind: Kind) -> None:
    assert changed({"extraDisks": olds}, {"extraDisks": news})[path] == (kind, Change.UPDATE)


def test_cards_are_compared_by_mac_or_network_whatever_their_order() -> None:
    a, b = {"network": "a"}, {"network": "b", "macAddress": "00:50:56:00:00:01"}
    assert changed({"networks": [a, b, a]}, {"networks": [b, a, {**a, "connected": True}]}) == {}
    assert changed({"networks": [a, b]}, {"networks": [{**b, "network": "c", "macAddress": "00:50:56:00:00:01"}]}) == {
        "networks[0].network": (Kind.UPDATE, Change.UPDATE),
        "networks[0]": (Kind.DELETE, Change.UPDATE),
    }


@pytest.mark.parametrize(
    ("olds", "news"),
    [({}, {"power": "on"}), ({"extraDisks": [DATA]}, {"extraDisks": [{**DATA, "thin": True}]}), ({"networks": []}, {})],
)
def test_what_is_the_default_is_no_change(olds: dict[str, Any], news: dict[str, Any]) -> None:
    assert changed(olds, news) == {}


@pytest.mark.parametrize(
    ("olds", "news", "said"),
    [
        (
            {"extraDisks": [DATA]},
            {},
            r"disk data of 20 GiB is not in extraDisks any more, .* \{name: data, remove: tru",
        ),
        (
            {"extraDisks": [DATA]},
            {"extraDisks": [{**DATA, "sizeGiB": 5}]},
            "sizeGiB of disk data is 5, was 20; disks c",
        ),
        ({"extraDisks": [DATA]}, {"extraDisks": [{**DATA, "thin": False}]}, "thin of disk data changes, which only a"),
        ({"hardwareVersion": 19}, {"hardwareVersion": 17}, "hardwareVersion is 17, was 19; it never goes down"),
    ],
)
def test_a_loss_is_refused_in_the_preview_with_the_word_for_it(
    olds: dict[str, Any], news: dict[str, Any], said: str
) -> None:
    before, after = {**PROPERTIES, **olds}, {**PROPERTIES, **news}
    with pytest.raises(RefusedError, match=said):
        machine_diff.refuse(before, after, machine_diff.changes(before, after))


def test_what_makes_a_machine_anew_is_refused_for_its_disks_too_unless_the_word_is_there() -> None:
    before = {**PROPERTIES, "extraDisks": [DATA, {"name": "old", "remove": True}]}
    after = {**before, "sshUser": "ops"}
    found = machine_diff.changes(before, after)
    machine_diff.refuse(before, after, found)
    lost = "ssh.user is 'ops', was 'lab': the machine is made anew, and what is on its disk data is lost"
    with pytest.raises(RefusedError, match=f"{re.escape(lost)}.* write allowReplace: true at node w1"):
        replacement.warning(before, after, found)
    assert str(replacement.warning(before, {**after, "allowReplace": True}, found)).endswith(lost)


def test_a_key_that_is_taken_out_leaves_nothing_behind_that_shows_as_a_change() -> None:
    before = {**PROPERTIES, "power": "off", "networks": [{"network": "a"}], "moid": "7", "ipAddress": "10.87.0.11"}
    after = machine_read.after(before, PROPERTIES)
    assert machine_diff.changes(after, PROPERTIES) == []
    assert (after["moid"], after["ipAddress"]) == ("7", "10.87.0.11")


def test_what_takes_a_power_cycle_is_named_with_disks_that_are_deleted() -> None:
    before = {**PROPERTIES, "extraDisks": [DATA]}
    after = {**before, "cpus": 3, "hardwareVersion": 21, "extraDisks": [{**DATA, "remove": True}]}
    found = machine_diff.changes(before, after)
    assert machine_diff.takes_power_cycle(found, before, after) == ["cpus", "hardwareVersion", "extraDisks data"]


@pytest.mark.parametrize(
    ("found", "declared", "drift"),
    [
        (with_disk(READY, "data", 30), {"extraDisks": [DATA]}, {}),
        (with_disk(READY, "data", 10), {"extraDisks": [DATA]}, {"extraDisks": [{**DATA, "sizeGiB": 10}]}),
        (READY, {"extraDisks": [DATA]}, {"extraDisks": []}),
        (with_card(READY, Card(4001, STORAGE_MAC, "storage")), {"networks": [{"network": "storage"}]}, {}),
        (
            with_card(READY, Card(4001, STORAGE_MAC, "lab", connected=False)),
            {"networks": [{"network": "storage"}]},
            {"networks": [{"network": "lab", "connected": False}]},
        ),
        (READY, {"networks": [{"network": "storage"}]}, {"networks": []}),
        (READY, {"hardwareVersion": 17}, {"hardwareVersion": 19}),
        (replace(READY, hardware=replace(READY.hardware, cpus=9)), {}, {"cpus": 9}),
    ],
)
def test_a_refresh_shows_what_is_there_otherwise_than_declared(
    found: ObservedMachine, declared: dict[str, Any], drift: dict[str, Any]
) -> None:
    inputs = {**PROPERTIES, **declared}
    shown = {**inputs, **machine_read.drift(inputs, observe.state(found, None))}
    assert {key: value for key, value in shown.items() if value != inputs.get(key)} == drift


@pytest.mark.parametrize(
    ("found", "declared", "reason"),
    [
        (READY, {"power": "off"}, "is on and declared off; up shuts it down"),
        (replace(READY, power_state="poweredOff"), {}, "is powered off; up powers it on"),
        (replace(READY, power_state="suspended"), {"power": "off"}, "is suspended; up resumes it and shuts it down"),
        (replace(READY, name="theirs"), {}, "w1 is called theirs on the host; up renames it"),
        (replace(READY, network="lab"), {}, "its first card is on lab; up puts it back on VM Network"),
        (replace(READY, cards=(replace(READY.cards[0], connected=False),)), {}, "first card is disconnected; up con"),
        (
            replace(READY, firmware="bios", extra_config={**READY.extra_config, "kubelab.firmware": "efi"}),
            {},
            "its firmware is bios, it was made with efi; up shuts it down and sets that back",
        ),
    ],
)
def test_a_refresh_says_what_no_property_shows(found: ObservedMachine, declared: dict[str, Any], reason: str) -> None:
    (said,) = machine_read.reasons({**PROPERTIES, **declared}, observe.state(found, None))
    assert reason in said


def test_a_machine_that_is_off_as_declared_has_nothing_to_be_said_of() -> None:
    off = observe.state(replace(READY, power_state="poweredOff"), None)
    assert machine_read.reasons({**PROPERTIES, "power": "off"}, off) == ()


def imported(**marks: str) -> dict[str, Any]:
    """The outputs of w1's import, with further devices."""
    derived, own = Card(4001, STORAGE_MAC, "storage"), Card(4002, "00:50:56:00:00:09", "lab", connected=False)
    found = with_disk(with_card(with_card(READY, derived), own), "data", 20)
    return dict(machine_read.imported(observe.state(found, None), {identity.OWNER_KEY: MARK, **marks}).outputs)


FURTHER: dict[str, Any] = {
    "networks": [
        {"network": "storage"},
        {"network": "lab", "connected": False, "macAddress": "00:50:56:00:00:09"},
    ],
    "extraDisks": [DATA],
}


def test_an_import_of_the_machine_that_is_declared_makes_nothing_anew() -> None:
    news = {**PROPERTIES, **FURTHER}
    olds = imported(**{identity.SEED_KEY: seed(desired_machine(news))})
    found = machine_diff.changes(olds, news)
    assert {change.change for change in found} == {Change.UPDATE}
    assert {change.kind for change in found} == {Kind.ADD}, "what a host does not show, and nothing else"
    assert not {"cpus", "diskGiB", "networks", "extraDisks", "network"} & {change.key for change in found}
    machine_diff.refuse(olds, news, found)


def test_an_import_that_knows_datastore_and_network_by_other_names_makes_nothing_anew() -> None:
    news = {**PROPERTIES, **FURTHER, "datastore": "cluster of ds", "network": "a%2fb"}
    olds = imported(**{identity.SEED_KEY: seed(desired_machine(news))})
    found = machine_diff.changes(olds, news)
    assert {"datastore", "network"} < {change.key for change in found}
    assert {change.change for change in found} == {Change.UPDATE}
    elsewhere = machine_diff.changes(olds, {**news, "network": "another"})
    assert {"datastore", "network"} < {change.key for change in elsewhere if change.change is Change.REPLACE}


def test_an_import_of_a_machine_that_is_declared_otherwise_is_shown_as_what_it_is() -> None:
    olds = imported(**{identity.SEED_KEY: seed(DECLARED)})
    other = {**PROPERTIES, **FURTHER, "hostKeyPublic": "ssh-ed25519 BBBB w1"}
    found = machine_diff.changes(olds, other)
    assert "hostKeyPublic" in {change.key for change in found if change.change is Change.REPLACE}
    with pytest.raises(RefusedError, match="what is on its disk data is lost"):
        replacement.warning(olds, other, found)
