"""Whether another machine of the host has a MAC or an address that is declared for one of a lab. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from provider.vsphere.api.sdk import Facts, vim
from provider.vsphere.conditions.findings import Finding
from provider.vsphere.conditions.wanted import WantedMachine

_ON = "poweredOn"


def of_machines(wanted: Sequence[WantedMachine], found: Iterable[Facts]) -> list[Finding]:
    """A finding of each that is taken; one that is off holds nothing yet, and is only warned of.

    `found` are machines whose configuration can be read: name, power state, devices, guest.net.
    """
    macs = {machine.mac: machine.name for machine in wanted if machine.mac}
    addresses = {machine.address: machine.name for machine in wanted if machine.address}
    return list(_taken(macs, addresses, found)) if macs or addresses else []


def _taken(macs: dict[str, str], addresses: dict[str, str], found: Iterable[Facts]) -> Iterator[Finding]:
    for facts in found:
        holder, is_on = str(facts.get("name", "")), str(facts.get("runtime.powerState")) == _ON
        state = "" if is_on else ", which is off just now"
        for mac in _macs(facts):
            if macs.get(mac, holder) != holder:
                text = f"machine {macs[mac]}: its MAC {mac} is that of machine {holder}{state}"
                yield Finding(f"{text}; give node {macs[mac]} another macAddress, or remove that card", blocks=is_on)
        for address in _reported(facts) if is_on else ():
            if addresses.get(address, holder) != holder:
                text = f"machine {addresses[address]}: its address {address} is held by machine {holder}"
                yield Finding(f"{text}; give one of the two another address, or let that machine go first")


def _macs(facts: Facts) -> list[str]:
    cards = (
        each for each in facts.get("config.hardware.device", []) if isinstance(each, vim.vm.device.VirtualEthernetCard)
    )
    return [card.macAddress.lower() for card in cards if card.macAddress]


def _reported(facts: Facts) -> list[str]:
    return [address for card in facts.get("guest.net", []) for address in card.ipAddress or []]
