"""Waits for a machine's address: the one that its guest reports for its first NIC, inside the machine network."""

from ipaddress import IPv4Network
from typing import Any

from provider.vsphere import collector, observe
from provider.vsphere.cancel import Deadline
from provider.vsphere.errors import TimedOutError
from provider.vsphere.model import ObservedMachine
from provider.vsphere.session import Session

ADDRESS_SECONDS = 300.0


def wait(session: Session, vm: Any, name: str, network: IPv4Network, seconds: float) -> str:
    """Returns the address. Raises TimedOutError with the last evidence."""
    last: list[ObservedMachine] = []

    def done(facts: collector.Facts) -> str | None:
        machine = observe.from_facts(vm._moId, facts)
        last[:] = [machine]
        return observe.address_in(machine, network)

    doing = f"waiting for an address of {name} in {network}"
    try:
        return collector.wait_for(session, doing, vm, observe.GUEST_PATHS, done, Deadline(seconds))
    except TimedOutError as error:
        raise TimedOutError(f"{error}; last seen: {_evidence(last)}; {_advice(last)}") from None


def _evidence(last: list[ObservedMachine]) -> str:
    if not last:
        return "nothing"
    machine = last[0]
    macs = ", ".join(machine.seen_macs) or "none"
    addresses = ", ".join(machine.addresses) or "none"
    return (
        f"power state {machine.power_state}, VMware Tools {machine.tools}, NIC {machine.mac or 'none'}, "
        f"NICs that the guest reports {macs}, addresses of our NIC {addresses}"
    )


def _advice(last: list[ObservedMachine]) -> str:
    if last and last[0].addresses:
        return "correct addresses.network in the site file, or the network that the machine is on"
    if last and last[0].tools == "guestToolsRunning":
        return "check that the network has a DHCP server"
    return "check on its console that it boots, and that the image has open-vm-tools"
