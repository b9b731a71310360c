"""From a machine as it is to what is declared of it: a list of changes, each with what it takes, or why it is refused.

What replaces a machine is not here: the driver only changes the one that is there (provider/machine_diff.py).

| Setting | While it runs | By one power cycle | Refused |
|---|---|---|---|
| cpus, memory | more, if the machine has hot add on | otherwise | |
| nested virtualization | | always | |
| hardware version | | upwards | downwards |
| firmware, Secure Boot | | back to the image's | |
| root disk, further disks | grow | | growing on a snapshot |
| further disks: made | on a SCSI controller | on another one | on IDE, on a full controller, over another's |
| further disks: deleted, by word | | always | on a snapshot, another's |
| further cards: added, changed, removed | always | | with the MAC of the first one |
| first card back on its network, name, extraConfig | always | | |
"""

from collections.abc import Collection, Iterator, Mapping

from provider.vsphere.desired import HARDWARE, DesiredMachine
from provider.vsphere.fields import Effect
from provider.vsphere.lifecycle import disks, firmware
from provider.vsphere.lifecycle.actions import (
    AddCard,
    EditCard,
    How,
    Plan,
    RemoveCard,
    Rename,
    SetFirmware,
    SetHardware,
    SetKey,
    Step,
    Upgrade,
)
from provider.vsphere.lifecycle.declared import DesiredCard, by_mac
from provider.vsphere.model import ObservedMachine
from provider.vsphere.observe import version_number

_HOT_ADD = {"cpus": "cpu_hot_add", "memory_mib": "memory_hot_add"}


def plan(
    found: ObservedMachine,
    desired: DesiredMachine,
    networks: Mapping[str, str] | None = None,
    obsolete: Collection[str] = (),
) -> Plan:
    """What must change; `networks` says how cards name a network where not by its name, `obsolete` are keys to remove.

    A disk that is larger than declared is left as it is.
    """
    cards = by_mac(found.instance_uuid, desired.cards)
    results = [
        *_hardware(found, desired),
        *_keys(found, desired, obsolete),
        *_first_card(found, desired.network, (networks or {}).get(desired.network, desired.network)),
        *_cards(found, cards, networks or {}),
        *disks.root_disk(found, desired),
        *disks.further_disks(found, desired.disks),
    ]
    steps = [result for result in results if isinstance(result, Step)]
    return Plan(tuple(steps), tuple(result for result in results if isinstance(result, str)), tuple(cards))


def _hardware(found: ObservedMachine, desired: DesiredMachine) -> Iterator[Step | str]:
    if found.name and found.name != desired.name:
        yield Step(Rename(desired.name), How.RUNNING, f"name from {found.name} to {desired.name}")
    have = version_number(found.hardware_version)
    if desired.hardware_version and have > desired.hardware_version:
        yield (
            f"it has hardware version {have}, and hardwareVersion is {desired.hardware_version}; it never goes down: "
            f"write {have}, or nothing"
        )
    elif desired.hardware_version and 0 < have < desired.hardware_version:
        told = f"hardwareVersion from {have} to {desired.hardware_version}"
        yield Step(Upgrade(desired.hardware_version), How.OFF, told)
    made_with = firmware.lost(found)
    if made_with:
        told = f"firmware from {firmware.of(found)} back to {made_with}, with which it was made"
        yield Step(SetFirmware(made_with), How.OFF, told)
    for attribute, row in HARDWARE.items():
        before, after = getattr(found.hardware, attribute), getattr(desired.hardware, attribute)
        if before != after:
            hot = attribute in _HOT_ADD and getattr(found, _HOT_ADD[attribute]) and after > before
            how = How.RUNNING if hot or row.effect is not Effect.POWER_CYCLE else How.OFF
            yield Step(SetHardware(attribute, after), how, f"{row.name} from {before} to {after}")


def _keys(found: ObservedMachine, desired: DesiredMachine, obsolete: Collection[str]) -> Iterator[Step]:
    wanted = {key: "" for key in obsolete if key in found.extra_config} | dict(desired.extra_config)
    for key, value in wanted.items():
        if found.extra_config.get(key, "") != value:
            yield Step(SetKey(key, value), How.RUNNING, f"extraConfig {key}")


def _first_card(found: ObservedMachine, name: str, network: str) -> Iterator[Step]:
    """Somebody disconnected it or put it on another network; another one that is declared makes another machine."""
    card = found.primary_card
    if card is not None and not (card.connected and card.network == network):
        yield Step(EditCard(card, name, True), How.RUNNING, f"its first card connected to {name} again")


def _cards(
    found: ObservedMachine, wanted: Mapping[str, DesiredCard], networks: Mapping[str, str]
) -> Iterator[Step | str]:
    primary, have = found.primary_card, {card.mac: card for card in found.cards}
    for mac, card in wanted.items():
        network = networks.get(card.network, card.network)
        if primary is not None and mac == primary.mac:
            yield f"networks asks for a card with the MAC {mac}, which its first card has; write another macAddress"
        elif mac not in have:
            yield Step(AddCard(mac, card), How.RUNNING, f"card {mac} on {card.network}")
        elif (have[mac].network, have[mac].connected) != (network, card.connected):
            state = "connected" if card.connected else "not connected"
            told = f"card {mac} on {card.network}, {state}"
            yield Step(EditCard(have[mac], card.network, card.connected), How.RUNNING, told)
    for mac in found.marked_macs:
        if mac in have and mac not in wanted:
            yield Step(RemoveCard(have[mac]), How.RUNNING, f"card {mac} removed")
