"""Whether another machine of the host has a MAC or an address that is declared for one of a lab. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from provider.vsphere import identity, observe
from provider.vsphere.api.sdk import Facts, vim
from provider.vsphere.conditions.findings import Finding
from provider.vsphere.conditions.wanted import WantedMachine

PATHS = (
    "name",
    "runtime.powerState",
    "config.hardware.device",
    "guest.net",
    "config.instanceUuid",
    "config.extraConfig",
)
_ON = "poweredOn"


def of_machines(owner: str, wanted: Sequence[WantedMachine], found: Iterable[Facts]) -> list[Finding]:
    """A finding of each that is taken; one that is off holds nothing yet, and is only warned of.

    An address is that of a network: what has it in another one, by the name that a host tells, is nothing to a lab.

    `found` are machines whose configuration can be read, with PATHS. They are known as a declared one of this `owner`
    ("<project>/<stack>") by their marks, whatever they are called just now.
    """
    macs = {machine.mac: machine.name for machine in wanted if machine.mac}
    macs |= {card.mac: machine.name for machine in wanted for card in machine.cards if card.mac}
    addresses = {machine.address: machine for machine in wanted if machine.address}
    return list(_taken(owner, macs, addresses, found)) if macs or addresses else []


def _taken(
    owner: str, macs: dict[str, str], addresses: dict[str, WantedMachine], found: Iterable[Facts]
) -> Iterator[Finding]:
    for facts in found:
        holder, is_on = str(facts.get("name", "")), str(facts.get("runtime.powerState")) == _ON
        made_as = _made_as(owner, facts)
        state = "" if is_on else ", which is off just now"
        for mac in _macs(facts):
            if macs.get(mac, holder) not in (holder, made_as):
                text = f"machine {macs[mac]}: its MAC {mac} is that of machine {holder}{state}"
                yield Finding(f"{text}; give node {macs[mac]} another macAddress, or remove that card", blocks=is_on)
        for address, network in _reported(facts) if is_on else ():
            wanted = addresses.get(address)
            if wanted and wanted.name not in (holder, made_as) and network in ("", wanted.network.rpartition("/")[2]):
                text = f"machine {wanted.name}: its address {address} is held by machine {holder}"
                yield Finding(f"{text}; give one of the two another address, or let that machine go first")


def _made_as(owner: str, facts: Facts) -> str | None:
    """The name that this owner made it by, None if it made it not: a copy of one of its machines has the mark alone."""
    marks = observe.extra_config(facts)
    mark = marks.get(identity.OWNER_KEY, "")
    is_its = identity.is_of(owner, mark) and identity.is_ours(str(facts.get("config.instanceUuid", "")), marks)
    return mark.rpartition("/")[2] if is_its else None


def _macs(facts: Facts) -> list[str]:
    cards = (
        each for each in facts.get("config.hardware.device", []) if isinstance(each, vim.vm.device.VirtualEthernetCard)
    )
    return [card.macAddress.lower() for card in cards if card.macAddress]


def _reported(facts: Facts) -> list[tuple[str, str]]:
    """Addresses, each with the name of its network, "" where none is told."""
    cards = facts.get("guest.net", [])
    return [(address, str(card.network or "")) for card in cards for address in card.ipAddress or []]
