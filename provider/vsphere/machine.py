"""Machine: one virtual machine, and what can be asked of it."""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from provider.vsphere import observe, spec
from provider.vsphere.api import collector, tasks
from provider.vsphere.api.sdk import Facts
from provider.vsphere.api.session import Session
from provider.vsphere.cancel import Deadline
from provider.vsphere.conditions import connection_state, machine_state
from provider.vsphere.errors import (
    PowerStateError,
    TimedOutError,
    VsphereError,
)
from provider.vsphere.model import ObservedMachine

ON, OFF = "poweredOn", "poweredOff"
SHUTDOWN_SECONDS = 180.0
TOOLS_RUNNING = "guestToolsRunning"


class Machine:
    """A machine that exists, called `name` in messages. Meeting the wanted state already is success.

    Every method raises GoneError once it does not exist any more, and what reads its configuration raises
    UnreadableError where the host does not show it.
    """

    def __init__(self, session: Session, ref: Any, name: str) -> None:
        self.name = name
        self._session = session
        self._ref = ref

    @property
    def ref(self) -> Any:
        """The API's object."""
        return self._ref

    def observe(self, doing: str | None = None) -> ObservedMachine:
        """What the host says about it now."""
        doing = doing or f"reading machine {self.name}"
        return observe.from_facts(self._ref._moId, self._configured(doing, observe.PATHS))

    def marks(self) -> dict[str, str]:
        """Its extraConfig."""
        return observe.extra_config(self._configured("reading a machine's marks", ["config.extraConfig"]))

    def change_version(self, doing: str) -> str | None:
        """What a reconfiguration may name to be refused if another one came in between."""
        return self._read(doing, ["config.changeVersion"]).get("config.changeVersion")

    def mark(self, doing: str, values: Mapping[str, str], change_version: str | None = None) -> None:
        """Sets extraConfig keys; the value "" removes one."""
        self.reconfigure(doing, spec.extra_config(values, change_version))

    def unregister(self) -> None:
        """Takes it out of the inventory; no file of it is touched."""
        self._session.change(f"taking {self.name} out of the inventory", self._ref.UnregisterVM)

    def reconfigure(self, doing: str, change: Any) -> None:
        """Applies a ConfigSpec."""
        tasks.run(self._session, doing, self._ref.ReconfigVM_Task, change, machine=self._ref)

    def power_on(self) -> None:
        """Powers it on, or resumes it."""
        try:
            tasks.run(self._session, f"powering on {self.name}", self._ref.PowerOnVM_Task, None, machine=self._ref)
        except PowerStateError as error:
            if error.existing != ON:
                raise

    def power_off(self) -> None:
        """Powers it off at once."""
        try:
            tasks.run(
                self._session,
                f"powering off {self.name}",
                self._ref.PowerOffVM_Task,
                machine=self._ref,
                ends_at_question=False,
            )
        except PowerStateError as error:
            if error.existing != OFF:
                raise

    def shut_down(self, found: ObservedMachine, progress: Callable[[str], None]) -> None:
        """Lets the guest shut down if VMware Tools run in it, and powers off what is not off after three minutes."""
        if not (found.powered_on and found.tools == TOOLS_RUNNING):
            progress("powering it off, as no VMware Tools run in its guest that could be asked")
        else:
            try:
                self._ask_guest(f"shutting down {self.name}")
            except TimedOutError:
                progress(f"powering it off, as its guest did not shut down within {SHUTDOWN_SECONDS:.0f} s")
            except PowerStateError:
                pass
        self.power_off()

    def upgrade(self, version: int) -> None:
        """Another hardware version, of a machine that is off; one that has it already is fine."""
        doing = f"upgrading {self.name} to hardware version {version}"
        tasks.run(self._session, doing, self._ref.UpgradeVM_Task, f"vmx-{version:02}", machine=self._ref)

    def wait_for_address(self, network: IPv4Network, seconds: float) -> str:
        """The address that the guest reports for its first NIC, inside that network; a /32 is one address.

        Raises TimedOutError with the last evidence.
        """
        last: list[ObservedMachine] = []

        alone = network.prefixlen == 32
        wanted = (
            f"the address {network.network_address} of {self.name}"
            if alone
            else f"an address of {self.name} in {network}"
        )
        doing = f"waiting for {wanted}"

        def done(facts: Facts) -> str | None:
            last[:] = [observe.from_facts(self._ref._moId, facts)]
            if last[0].question is not None:
                raise machine_state.waits_for_answer(doing, last[0].question)
            return observe.address_in(last[0], network)

        try:
            return collector.wait_for(self._session, doing, self._ref, observe.GUEST_PATHS, done, Deadline(seconds))
        except TimedOutError as error:
            raise TimedOutError(f"{error}; last seen: {_evidence(last)}; {_advice(last, network)}") from None

    def _ask_guest(self, doing: str) -> None:
        try:
            self._session.change(doing, self._ref.ShutdownGuest)
        except PowerStateError:
            raise
        except VsphereError:
            self._session.cancel.check(doing)
            return  # a guest that cannot be asked is powered off
        state = ["runtime.powerState"]
        collector.wait_for(self._session, doing, self._ref, state, _is_off, Deadline(SHUTDOWN_SECONDS))

    def _configured(self, doing: str, properties: Sequence[str]) -> Facts:
        facts = self._read(doing, list(dict.fromkeys([*properties, *connection_state.PATHS])))
        if not connection_state.is_readable(facts):
            raise connection_state.unreadable(self.name, self._session.name, facts)
        return facts

    def _read(self, doing: str, properties: Sequence[str]) -> Facts:
        return collector.read(self._session, doing, self._ref, properties)


def _is_off(facts: Facts) -> bool | None:
    return str(facts.get("runtime.powerState")) == OFF or None


def _evidence(last: list[ObservedMachine]) -> str:
    if not last:
        return "nothing"
    machine = last[0]
    macs = ", ".join(machine.seen_macs) or "none"
    addresses = ", ".join(machine.addresses) or "none"
    return (
        f"power state {machine.power_state}, connection {machine.connection}, "
        f"VMware Tools {machine.tools}, NIC {machine.mac or 'none'}, "
        f"NICs that the guest reports {macs}, addresses of our NIC {addresses}"
    )


def _advice(last: list[ObservedMachine], network: IPv4Network) -> str:
    if network.prefixlen == 32 and last and (last[0].addresses or last[0].tools == TOOLS_RUNNING):
        return (
            f"the guest did not take {network.network_address}, which it was given for the card of that MAC: see on "
            "its console `ip address`, `cloud-init status --long`, and that no file of /etc/cloud/cloud.cfg.d turns "
            "cloud-init's network configuration off or pins another datasource"
        )
    if last and last[0].addresses:
        return "correct addresses.network in the site file, or the network that the machine is on"
    if last and last[0].tools == TOOLS_RUNNING:
        return "check that the network has a DHCP server"
    return (
        "check on its console that it boots, and that the image has open-vm-tools; a host that is slow needs a higher "
        "machine.startSeconds"
    )
