"""A machine as it was found, as the engine's properties: drift, what the next up would do, and imports. Pure."""

from collections.abc import Mapping
from ipaddress import IPv4Interface
from typing import Any

from provider.machine_diff import SEED
from provider.resource import Found
from provider.vsphere import desired, identity
from provider.vsphere.devices import Card
from provider.vsphere.errors import VsphereError
from provider.vsphere.lifecycle.declared import DesiredCard, by_mac, cards_of, disks_of
from provider.vsphere.model import MachineState
from provider.wire import Properties, is_unknown

COMPUTED = ("instanceUuid", "moid", "ipAddress", "macAddress")


def outputs(inputs: Properties, state: MachineState) -> Properties:
    """An address that is not known just now (the machine is off) stays what it was."""
    return {
        **inputs,
        "instanceUuid": state.instance_uuid,
        "moid": state.moid,
        "ipAddress": state.address or inputs.get("ipAddress"),
        "macAddress": state.mac or inputs.get("macAddress"),
    }


def declared(inputs: Properties) -> Properties:
    """The computed values that are declared: they are known before there is a machine."""
    declared = {"macAddress": inputs.get("manualMacAddress"), "ipAddress": inputs.get("staticAddress")}
    known = {key: value for key, value in declared.items() if value and not is_unknown(value)}
    return {key: str(IPv4Interface(value).ip) if key == "ipAddress" else value for key, value in known.items()}


def after(olds: Properties, news: Properties) -> Properties:
    """The properties of a machine that was changed: the new inputs, and what was computed when it was made."""
    return {**{key: olds[key] for key in COMPUTED if key in olds}, **news}


def networks(inputs: Properties) -> list[str]:
    """The networks that its cards may be on."""
    return [inputs["network"], *(card.network for card in cards_of(inputs.get("networks")))]


def reasons(inputs: Properties, state: MachineState) -> tuple[str, ...]:
    """Why up has something to do that no property shows."""
    name, off, mac = state.name, inputs.get("power") == "off", inputs.get("manualMacAddress")
    found = []
    if mac and state.mac and state.mac != mac:
        found.append(f"machine {name}: its network card has the MAC {state.mac}, it was made with {mac}")
    if not state.ready:
        found.append(f"machine {name} was not finished; up finishes it")
    elif state.suspended:
        found.append(f"machine {name} is suspended; up resumes it{' and shuts it down' if off else ''}")
    elif state.powered_on and off:
        found.append(f"machine {name} is on and declared off; up shuts it down")
    elif not state.powered_on and not off:
        found.append(f"machine {name} is powered off; up powers it on")
    if name and name != inputs["name"]:
        found.append(f"machine {inputs['name']} is called {name} on the host; up renames it")
    if state.network and state.network != inputs["network"]:
        found.append(f"machine {name}: its first card is on {state.network}; up puts it back on {inputs['network']}")
    if state.lost_firmware:
        text = f"machine {name}: its firmware is {state.firmware}, it was made with {state.lost_firmware}"
        found.append(f"{text}; up shuts it down and sets that back")
    if not state.card_connected:
        found.append(f"machine {name}: its first card is disconnected; up connects it")
    return tuple(found)


def drift(inputs: Properties, state: MachineState) -> Properties:
    """A disk that grew is no drift: going back would need another machine. Nor is what a machine may lack."""
    extra = {key: state.extra_config[key] for key in inputs.get("extraConfig", {}) if key in state.extra_config}
    hardware = desired.hardware_properties(state.hardware)
    may_lack = {"nestedVirtualization"} if inputs.get("mayLackNestedVirtualization") else set()
    found: dict[str, Any] = {
        **{name: value for name, value in hardware.items() if name in inputs.keys() - may_lack},
        "diskGiB": min(state.disk_gib, inputs["diskGiB"]),
        "extraConfig": extra,
    }
    if inputs.get("hardwareVersion") and state.hardware_version:
        found["hardwareVersion"] = state.hardware_version
    if inputs.get("networks"):
        found["networks"] = _cards(inputs["networks"], state)
    if inputs.get("extraDisks"):
        found["extraDisks"] = _disks(inputs["extraDisks"], state)
    return found


def _cards(declared: list[dict[str, Any]], state: MachineState) -> list[dict[str, Any]]:
    """Those that are there, as they are."""
    there = {card.mac: card for card in state.cards}
    cards = cards_of(declared)
    macs = {id(card): mac for mac, card in by_mac(state.instance_uuid, cards).items()}
    return [
        _as_found(item, there[macs[id(card)]])
        for item, card in zip(declared, cards, strict=True)
        if macs.get(id(card)) in there
    ]


def _as_found(item: Mapping[str, Any], card: Card) -> dict[str, Any]:
    changed: dict[str, Any] = {"network": card.network}
    if card.connected != item.get("connected", True):
        changed["connected"] = card.connected
    return {**item, **changed}


def _disks(declared: list[dict[str, Any]], state: MachineState) -> list[dict[str, Any]]:
    """Those that are there, never larger than declared; one that is to be deleted is as it is declared."""
    found = []
    for item, disk in zip(declared, disks_of(declared), strict=True):
        there = state.disks.get(disk.name)
        if disk.remove:
            found.append(dict(item))
        elif there is not None:
            found.append({**item, "sizeGiB": min(there.gib, disk.gib)})
    return found


def imported(state: MachineState, marks: Mapping[str, str]) -> Found:
    """A machine of this stack, by what the host shows of it. Of its image and keys it shows a digest alone."""
    if state.address is None:
        raise VsphereError(f"machine {state.name}: it has no address; power it on before importing it")
    mark = marks[identity.OWNER_KEY]
    inputs: Properties = {
        "name": mark.rpartition("/")[2],
        **desired.hardware_properties(state.hardware),
        "diskGiB": state.disk_gib,
        "datastore": state.datastore,
        "network": state.network,
        "extraConfig": {},
    }
    if state.cards:
        inputs["networks"] = _declared_cards(state)
    if state.disks:
        inputs["extraDisks"] = [_declared_disk(disk.name, disk.gib, thin=disk.thin) for disk in state.disks.values()]
    if identity.SEED_KEY in marks:
        inputs[SEED] = marks[identity.SEED_KEY]
    return Found(identity.instance_uuid(mark), inputs, outputs(inputs, state))


def _declared_disk(name: str, gib: int, *, thin: bool) -> dict[str, Any]:
    return {"name": name, "sizeGiB": gib, **({} if thin else {"thin": False})}


def _declared_cards(state: MachineState) -> list[dict[str, Any]]:
    """As they would be declared: without the MAC where it follows from machine and network."""
    derived = by_mac(state.instance_uuid, [DesiredCard(card.network) for card in state.cards])
    return [
        {
            "network": card.network,
            **({} if card.connected else {"connected": False}),
            **({} if card.mac in derived else {"macAddress": card.mac}),
        }
        for card in state.cards
    ]
