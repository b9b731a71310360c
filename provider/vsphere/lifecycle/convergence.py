"""Convergence: a machine that exists brought to what is declared of it, as plan.py says, and up, or off if so declared.

Every round looks first, so that one whose outcome is unknown may be run again.
"""

from collections.abc import Callable, Collection
from dataclasses import replace

from provider.vsphere import identity, observe
from provider.vsphere.cancel import Deadline
from provider.vsphere.conditions import hardware, machine_state
from provider.vsphere.conditions.disk_users import refuse_if_held
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import CancelledError, GoneError, OutcomeUnknownError, QuestionError, VsphereError
from provider.vsphere.lifecycle.actions import GrowDisk, Plan, RemoveDisk, SetKey, Upgrade
from provider.vsphere.lifecycle.plan import plan
from provider.vsphere.lifecycle.specification import config_spec, networks_of
from provider.vsphere.machine import OFF, ON, Machine
from provider.vsphere.making import first_boot
from provider.vsphere.model import AskSsh, MachineState, ObservedMachine
from provider.vsphere.place import Place


class Convergence:
    """Brings machines of one place to what is declared. `progress` is told what is being done."""

    def __init__(self, place: Place, progress: Callable[[str], None], ask_ssh: AskSsh) -> None:
        self._place = place
        self._progress = progress
        self._ask_ssh = ask_ssh

    def once(
        self, machine: Machine, desired: DesiredMachine, obsolete: Collection[str], seconds: float
    ) -> MachineState:
        """One round; `obsolete` are extraConfig keys to remove. Raises VsphereError, OutcomeUnknownError to go on."""
        doing = f"configuring machine {desired.name}"
        found = machine.observe(doing)
        _require_root_disk(found)
        if found.question is not None:
            raise machine_state.waits_for_answer(doing, found.question)
        _require_mac(found, desired)
        wanted = self._plan(found, desired, obsolete)
        if wanted.refused:
            raise VsphereError(f"machine {desired.name}: {'; '.join(wanted.refused)}, then run up again")
        self._refuse_upgrade(wanted, desired.name)
        self._refuse_held_disks(doing, found, wanted)
        off, ready = desired.power == "off", found.extra_config.get(identity.PHASE_KEY) == identity.READY
        if off and not ready:
            raise VsphereError(
                f"machine {desired.name}: it is declared off, and its first start never came to an end; take "
                "power: off out, run up, and write it again"
            )
        if found.power_state == machine_state.SUSPENDED and (wanted.steps or off):
            self._progress("resuming it, as a suspended machine takes no changes")
            machine.power_on()
            found = machine.observe(doing)
        if found.power_state != OFF and (wanted.needs_off or off):
            self._progress("shutting it down, as it is declared off" if off else _for_a_power_cycle(wanted))
            machine.shut_down(found, self._progress)
            found = machine.observe(doing)
        if wanted.steps:
            found = self._changed(machine, doing, found, wanted, desired)
        if off:
            return observe.state(found, desired.reached_in)
        return self._up(machine, doing, found, desired, Deadline(seconds), ready=ready)

    def _plan(self, found: ObservedMachine, desired: DesiredMachine, obsolete: Collection[str] = ()) -> Plan:
        """Networks are looked up where no card has one of that name: most often there is nothing to ask."""
        shown = {card.network for card in found.cards}
        names = {desired.network, *(card.network for card in desired.cards)} if found.cards else set()
        ids = {name: observe.network_id(self._place.network(name).nic_backing) for name in sorted(names - shown)}
        return plan(found, desired, ids, obsolete)

    def _changed(
        self,
        machine: Machine,
        doing: str,
        found: ObservedMachine,
        wanted: Plan,
        desired: DesiredMachine,
    ) -> ObservedMachine:
        self._progress("configuring")
        for step in wanted.steps:
            if isinstance(step.action, Upgrade):
                machine.upgrade(step.action.version)
        names = networks_of([step.action for step in wanted.steps])
        change = config_spec(found, wanted, {name: self._place.network(name).nic_backing for name in names})
        if change is not None:
            _reconfigure(machine, doing, change, grows=wanted.grows and found.power_state == ON)
        found = machine.observe(doing)
        self._verify(found, desired)
        return found

    def _refuse_held_disks(self, doing: str, found: ObservedMachine, wanted: Plan) -> None:
        """A disk that another machine has, or reads, is lost to that one if it is deleted, and broken if it grows.

        That of a machine which was never finished is new.
        """
        if found.extra_config.get(identity.PHASE_KEY) != identity.READY:
            return
        actions = [step.action for step in wanted.steps]
        disks = [each.disk for each in actions if isinstance(each, GrowDisk | RemoveDisk) and each.disk is not None]
        refuse_if_held(self._place, doing, found, disks, "so it was left as it is")

    def _refuse_upgrade(self, wanted: Plan, name: str) -> None:
        """Before the machine is shut down for one that the host does not make."""
        for step in wanted.steps:
            if isinstance(step.action, Upgrade):
                version, offered = step.action.version, self._place.hardware_versions
                if offered and version not in offered:
                    raise VsphereError(hardware.not_offered(name, version, offered))

    def _verify(self, found: ObservedMachine, desired: DesiredMachine) -> None:
        """A host may ignore what it does not support; the machine is then not what was asked for."""
        if desired.may_lack_nested_virtualization:
            desired = with_nested_virtualization(desired, found.hardware.nested_virtualization)
        if desired.hardware.nested_virtualization and not found.hardware.nested_virtualization:
            raise VsphereError(
                f"machine {desired.name}: the host did not accept nested virtualization (nestedHVEnabled); enable VT-x "
                "or AMD-V in the host's BIOS (and for the outer VM, if this ESXi is one itself), or set "
                "nestedVirtualization to prefer or off"
            )
        left = self._plan(found, desired).steps
        ignored = [step.told for step in left if not isinstance(step.action, SetKey)]  # some are not shown afterwards
        if ignored:
            raise VsphereError(
                f"machine {desired.name}: the host did not make it what was asked for: {'; '.join(ignored)}"
            )

    def _up(
        self,
        machine: Machine,
        doing: str,
        found: ObservedMachine,
        desired: DesiredMachine,
        deadline: Deadline,
        *,
        ready: bool,
    ) -> MachineState:
        was_on = found.power_state == ON
        if not was_on:
            self._progress("powering on")
            machine.power_on()
        self._progress("waiting for an address")
        address = machine.wait_for_address(desired.reached_in, deadline.seconds)
        first_boot.refuse_shared_address(self._place, found, address)
        if was_on and ready:
            return observe.state(machine.observe(doing), desired.reached_in)
        self._progress("waiting for its ssh server")
        found = first_boot.wait_for_host_key(self._place.session, machine, desired, self._ask_ssh, deadline)
        if not ready:
            machine.mark(doing, marks := {identity.PHASE_KEY: identity.READY})
            found = replace(found, extra_config={**found.extra_config, **marks})
        return observe.state(found, desired.reached_in)


def _for_a_power_cycle(wanted: Plan) -> str:
    told = "; ".join(step.told for step in wanted.steps)
    return f"shutting it down for what needs a power cycle: {told}"


def _reconfigure(machine: Machine, doing: str, change: object, *, grows: bool) -> None:
    """A disk that grows while its machine runs is the one change in place that hosts refuse for its sake."""
    try:
        machine.reconfigure(doing, change)
    except (GoneError, OutcomeUnknownError, CancelledError, QuestionError):
        raise
    except VsphereError as error:
        if not grows:
            raise
        raise VsphereError(
            f"{error}; if it is the disk, which was to grow while the machine runs: shut the machine down on the host, "
            "then run up again, which grows it before it starts the machine"
        ) from None


def _require_root_disk(found: ObservedMachine) -> None:
    if found.root_disk is None:
        attached = ", ".join(disk.path for disk in found.disks) or "none"
        raise VsphereError(
            f"machine {found.name}: the disk that it was made with, {found.vmx_path.removesuffix('.vmx')}.vmdk, is not "
            f"attached (attached: {attached}); no disk was changed; attach it again, then run up"
        )


def _require_mac(found: ObservedMachine, desired: DesiredMachine) -> None:
    """By the MAC the guest knows which card has its address, and a DHCP server which machine asks."""
    if desired.manual_mac and found.mac and found.mac != desired.manual_mac:
        raise VsphereError(
            f"machine {found.name}: its network card has the MAC {found.mac}, it was made with {desired.manual_mac}, "
            "by which it is known; nothing was changed; shut it down, set the card's MAC back on the host (manual), "
            "and run up again"
        )


def with_nested_virtualization(desired: DesiredMachine, value: bool) -> DesiredMachine:
    """The machine with another word for nested virtualization."""
    return replace(desired, hardware=replace(desired.hardware, nested_virtualization=value))
