"""The life of a machine: create or adopt, converge, update, destroy. Every step looks first and may be run again."""

from collections.abc import Callable, Collection
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

from provider.vsphere import identity, observe, paths, spec
from provider.vsphere.cancel import Deadline
from provider.vsphere.conditions import machine_state
from provider.vsphere.desired import HARDWARE, DesiredMachine
from provider.vsphere.errors import CancelledError, GoneError, OutcomeUnknownError, QuestionError, VsphereError
from provider.vsphere.finding import find_by_name, find_by_uuid, find_ours
from provider.vsphere.machine import OFF, ON, Machine
from provider.vsphere.making import first_boot, leftovers
from provider.vsphere.making.creation import Creation
from provider.vsphere.model import AskSsh, HalfMadeError, MachineState, ObservedMachine
from provider.vsphere.place import Datastore, Place

CONVERGE_ATTEMPTS = 4


class Machines:
    """Machines in one place. `progress` is told in a few words what is being done, `ask_ssh` asks a guest's server."""

    def __init__(self, place: Place, progress: Callable[[str], None], ask_ssh: AskSsh) -> None:
        self._place = place
        self._progress = progress
        self._ask_ssh = ask_ssh

    def create(self, desired: DesiredMachine, mark: str, seconds: float) -> MachineState:
        """Makes the machine, or finishes one that an interrupted run left; its guest has `seconds` to come up.

        Raises HalfMadeError once the machine exists but is not finished, VsphereError before that: nothing is left.
        """
        desired = self._within_reach(desired)
        machine = Creation(self._place, self._progress).adopt_or_make(desired, mark)
        return self._finish(machine, desired, (), seconds)

    def update(self, instance: str, desired: DesiredMachine, obsolete: Collection[str], seconds: float) -> MachineState:
        """Brings a machine to what is wanted; `obsolete` are extraConfig keys to remove. Raises as create."""
        machine = find_ours(self._place, instance, desired.name)
        if machine is None:
            raise GoneError(
                f"machine {desired.name}: it is not on {self._place.session.name} any more; run pulumi refresh, then up"
            )
        return self._finish(machine, self._within_reach(desired), obsolete, seconds)

    def read(self, instance: str, name: str, network: IPv4Network | None) -> MachineState | None:
        """The machine's state, None if it does not exist. Raises ForeignError if it is not marked as ours."""
        machine = find_ours(self._place, instance, name)
        try:
            return None if machine is None else observe.state(machine.observe(), network)
        except GoneError:
            return None

    def find(self, instance: str) -> MachineState | None:
        """The machine of this instance UUID, whatever its name. Raises ForeignError if it is not ours."""
        machine = find_by_uuid(self._place, instance, instance)
        return None if machine is None else self.read(instance, machine.observe().name, None)

    def find_named(self, name: str, owner: str) -> str | None:
        """The instance UUID that belongs to the mark of the machine of this name, if the mark is of this owner."""
        machine = find_by_name(self._place, name)
        mark = "" if machine is None else machine.marks().get(identity.OWNER_KEY, "")
        return identity.instance_uuid(mark) if identity.is_of(owner, mark) else None

    def destroy(self, instance: str, name: str, datastore: str) -> list[str]:
        """Destroys the machine and its folder; one that is gone is fine. Raises ForeignError if it is not ours.

        Returns what the folder holds that was not made with the machine: it stays.
        """
        machine, directory = find_ours(self._place, instance, name), paths.directory(name, instance)
        if machine is not None:
            machine.destroy()
        homes = self._homes(datastore)
        if not homes:
            if machine is not None:
                return []
            raise VsphereError(
                f"machine {name}: {self._place.session.name} has neither it nor its datastore {datastore}, so "
                "whether it is gone cannot be told; attach the datastore again, or run pulumi state delete for it"
            )
        left: list[str] = []
        for home in homes:
            unregistered = None
            if machine is None:
                unregistered = leftovers.registered_again(
                    self._place, home, directory, name, lambda marks: identity.is_ours(instance, marks)
                )
            if unregistered is not None:
                unregistered.destroy()
            left += leftovers.remove(self._place, home, directory, name)
        return left

    def _homes(self, datastore: str) -> tuple[Datastore, ...]:
        try:
            return self._place.datastores(datastore)
        except GoneError:
            return ()

    def _within_reach(self, desired: DesiredMachine) -> DesiredMachine:
        """A host that cannot pass virtualization on may refuse to start a machine that asks for it."""
        if not desired.may_lack_nested_virtualization or not desired.hardware.nested_virtualization:
            return desired
        return desired if self._place.offers_nested_virtualization else _with_nested_virtualization(desired, False)

    def _finish(
        self, machine: Machine, desired: DesiredMachine, obsolete: Collection[str], seconds: float
    ) -> MachineState:
        for attempt in range(CONVERGE_ATTEMPTS):
            try:
                return self._converge(machine, desired, obsolete, seconds)
            except OutcomeUnknownError as unknown:
                if attempt == CONVERGE_ATTEMPTS - 1:
                    raise self._half_made(machine, desired, unknown) from None
            except GoneError:
                raise
            except VsphereError as error:
                raise self._half_made(machine, desired, error) from None
        raise AssertionError("unreachable")

    def _half_made(self, machine: Machine, desired: DesiredMachine, error: VsphereError) -> VsphereError:
        """The host may not answer just now: then the state is what was asked for."""
        cancel = self._place.session.cancel
        if cancel.abandoned:
            return error
        if isinstance(error, CancelledError):
            error = CancelledError(f"{error}; it stays as it is, marked; the next up goes on with it")
        try:
            with cancel.shielded():
                found = machine.observe()
        except VsphereError:
            return error
        return HalfMadeError(str(error), observe.state(found, desired.reached_in))

    def _converge(
        self, machine: Machine, desired: DesiredMachine, obsolete: Collection[str], seconds: float
    ) -> MachineState:
        doing = f"configuring machine {desired.name}"
        found = machine.observe(doing)
        _require_root_disk(found)
        if found.question is not None:
            raise machine_state.waits_for_answer(doing, found.question)
        _require_mac(found, desired)
        changes = spec.diff(found, desired, obsolete)
        _require_growth(found, desired)
        if found.power_state == machine_state.SUSPENDED and changes.any:
            self._progress("resuming it, as a suspended machine takes no changes")
            machine.power_on()
            found = machine.observe(doing)
        if changes.offline is not None and found.power_state != OFF:
            self._progress("shutting down for changes that need a power cycle")
            machine.shut_down(found)
            found = machine.observe(doing)
        grows = spec.grows(found, desired) and found.power_state == ON
        for change in (changes.in_place, changes.offline):
            if change is not None:
                self._progress("configuring")
                _reconfigure(machine, doing, change, grows=grows and change is changes.in_place)
        if changes.any:
            found = machine.observe(doing)
            _verify(found, desired)
        was_on, ready = found.power_state == ON, found.extra_config.get(identity.PHASE_KEY) == identity.READY
        if not was_on:
            self._progress("powering on")
            machine.power_on()
        self._progress("waiting for an address")
        deadline = Deadline(seconds)
        address = machine.wait_for_address(desired.reached_in, seconds)
        first_boot.refuse_shared_address(self._place, found, address)
        if was_on and ready:
            return observe.state(machine.observe(doing), desired.reached_in)
        self._progress("waiting for its ssh server")
        found = first_boot.wait_for_host_key(self._place.session, machine, desired, self._ask_ssh, deadline)
        if not ready:
            machine.mark(doing, marks := {identity.PHASE_KEY: identity.READY})
            found = replace(found, extra_config={**found.extra_config, **marks})
        return observe.state(found, desired.reached_in)


def _require_growth(found: ObservedMachine, desired: DesiredMachine) -> None:
    """Said before anything is changed: a host says it in the middle, and names no remedy."""
    root = found.root_disk
    if root is None or not spec.grows(found, desired):
        return
    fault = machine_state.growth_fault(
        found.name,
        found.snapshots,
        on_a_snapshot=bool(found.below_root_disk),
        gib=desired.disk_gib,
        linked_to=found.linked_to,
    )
    if fault:
        raise VsphereError(fault)


def _reconfigure(machine: Machine, doing: str, change: Any, *, grows: bool) -> None:
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


def _with_nested_virtualization(desired: DesiredMachine, value: bool) -> DesiredMachine:
    return replace(desired, hardware=replace(desired.hardware, nested_virtualization=value))


def _verify(found: ObservedMachine, desired: DesiredMachine) -> None:
    """A host may ignore what it does not support; the machine is then not what was asked for."""
    if desired.may_lack_nested_virtualization:
        desired = _with_nested_virtualization(desired, found.hardware.nested_virtualization)
    if desired.hardware.nested_virtualization and not found.hardware.nested_virtualization:
        raise VsphereError(
            f"machine {desired.name}: the host did not accept nested virtualization (nestedHVEnabled); enable VT-x or "
            "AMD-V in the host's BIOS (and for the outer VM, if this ESXi is one itself), or set "
            "nestedVirtualization to prefer or off"
        )
    ignored = spec.different(found.hardware, desired.hardware)
    wanted = {HARDWARE[name].name: getattr(desired.hardware, name) for name in ignored}
    got = {HARDWARE[name].name: getattr(found.hardware, name) for name in ignored}
    if ignored:
        raise VsphereError(f"machine {desired.name}: the host made it with {got} where {wanted} was asked for")
