"""The proof that a machine took its first-boot data: its ssh server presents the host key that only they hold.

An address alone proves nothing: a guest whose cloud-init looks elsewhere for its data has one too.
"""

from functools import partial

from provider.vsphere import observe
from provider.vsphere.api import collector
from provider.vsphere.api.session import Session
from provider.vsphere.cancel import Deadline
from provider.vsphere.conditions import machine_state
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.machine import Machine
from provider.vsphere.making import cloudinit
from provider.vsphere.model import AskSsh, Heard, ObservedMachine, SshAnswer
from provider.vsphere.place import Place

POLL_SECONDS = 1.0
_USERDATA = "guestinfo.userdata"


def wait_for_host_key(
    session: Session, machine: Machine, desired: DesiredMachine, ask_ssh: AskSsh, deadline: Deadline
) -> ObservedMachine:
    """Waits until the machine presents its host key; what it showed then.

    Raises TimedOutError: what holds, and what to look at.
    """
    doing = f"waiting for the ssh host key of {desired.name}"
    while True:
        found = machine.observe(doing)
        address = observe.address_in(found, desired.reached_in)
        answer = SshAnswer(Heard.NOTHING, "it has no address")
        if address:
            asking = partial(ask_ssh, address, desired.host_key_public)
            answer = session.cancel.beside(doing, asking)  # it takes longer than a cancelled run may
        if answer.heard is Heard.OUR_KEY:
            return found
        if found.question is not None:
            raise machine_state.waits_for_answer(doing, found.question)
        if deadline.passed:
            evidence = f"{_seen(found, address, answer)}; {_look_at(found, desired, answer)}"
            raise collector.timed_out(session, doing, deadline, evidence)
        session.cancel.sleep(min(POLL_SECONDS, deadline.remaining), doing)


def took_data(found: ObservedMachine, desired: DesiredMachine) -> bool:
    """True if cloud-init has read our data: it writes over the user data then, as the metadata ask of it."""
    given = cloudinit.guestinfo(desired, found.instance_uuid)[_USERDATA]
    return _USERDATA in found.extra_config and found.extra_config[_USERDATA] != given


def refuse_shared_address(place: Place, found: ObservedMachine, address: str) -> None:
    """Raises VsphereError, naming both, if another running machine of the place reports this address too."""
    paths = ["name", "runtime.powerState", "guest.net"]
    doing = f"looking who else reports {address}"
    for moid, facts in collector.machines_in(place.session, doing, place.folder, paths).items():
        if moid == found.moid or str(facts.get("runtime.powerState")) != "poweredOn":
            continue
        reported = {(nic.macAddress or "").lower(): nic.ipAddress or [] for nic in facts.get("guest.net", [])}
        macs = [mac for mac, addresses in reported.items() if address in addresses]
        if macs:
            raise VsphereError(
                f"machines {found.name} ({found.mac}) and {facts.get('name')} ({macs[0]}) both report {address}: "
                "a DHCP "
                "server gives it to both, or one has it fixed; see that the image has an empty /etc/machine-id and no "
                "address of its own, and that one DHCP server alone answers on the network; then restart one of "
                "them and "
                "run up again"
            )


def _seen(found: ObservedMachine, address: str | None, answer: SshAnswer) -> str:
    return (
        f"last seen: power state {found.power_state}, connection {found.connection}, "
        f"VMware Tools {found.tools}, address {address or 'none'}, "
        f"at its port 22 {answer.heard.value}{f' ({answer.evidence})' if answer.evidence else ''}"
    )


def _look_at(found: ObservedMachine, desired: DesiredMachine, answer: SshAnswer) -> str:
    if not took_data(found, desired) and answer.heard is Heard.ANOTHER_KEY:
        return (
            "cloud-init did not take the data that kubelab gave: see in the image that no file of "
            "/etc/cloud/cloud.cfg.d "
            "pins another datasource and that datasource_list has VMware; or another machine has this address"
        )
    if answer.heard is Heard.ANOTHER_KEY:
        return (
            "cloud-init has read the data but its host key is not in use: see `cloud-init status --long` and "
            "sshd on the "
            "machine's console; or another machine has this address"
        )
    if took_data(found, desired):
        return (
            "cloud-init has read the data and is not finished, or sshd does not run or cannot be reached from "
            "here: see "
            "`cloud-init status --long` and `systemctl status ssh` on the machine's console, then the route to it"
        )
    return (
        "look, in this order, that it is powered on, that the address is its own, that there is a route to it "
        "from here and "
        "no firewall between, and on its console that sshd runs and that cloud-init has the datasource VMware"
    )
