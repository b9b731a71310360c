"""The life of a machine: create or adopt, converge, update, destroy. Every step looks first and may be run again."""

from collections.abc import Callable, Collection
from ipaddress import IPv4Network

from provider.vsphere import identity, observe, paths
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import GoneError, OutcomeUnknownError, VsphereError
from provider.vsphere.finding import find_by_name, find_by_uuid, find_ours
from provider.vsphere.lifecycle.convergence import Convergence, with_nested_virtualization
from provider.vsphere.machine import Machine
from provider.vsphere.making import leftovers
from provider.vsphere.making.creation import Creation
from provider.vsphere.model import AskSsh, HalfMadeError, MachineState
from provider.vsphere.place import Datastore, Place

CONVERGE_ATTEMPTS = 4


class Machines:
    """Machines in one place. `progress` is told in a few words what is being done, `ask_ssh` asks a guest's server."""

    def __init__(self, place: Place, progress: Callable[[str], None], ask_ssh: AskSsh) -> None:
        self._place = place
        self._progress = progress
        self._convergence = Convergence(place, progress, ask_ssh)

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

        Returns what was not made with the machine and stays: disks that were attached, by their paths, and what else
        its folder holds, by names.
        """
        machine, directory = find_ours(self._place, instance, name), paths.directory(name, instance)
        kept = [] if machine is None else machine.destroy(self._progress)
        home = self._home(datastore)
        if home is None:
            if machine is not None:
                return kept
            raise VsphereError(
                f"machine {name}: {self._place.session.name} has neither it nor its datastore {datastore}, so "
                "whether it is "
                "gone cannot be told; attach the datastore again, or, if it is no more, run pulumi state delete for it"
            )
        unregistered = None
        if machine is None:
            unregistered = leftovers.registered_again(
                self._place, home, directory, name, lambda marks: identity.is_ours(instance, marks)
            )
        if unregistered is not None:
            kept = unregistered.destroy(self._progress)
        own = home.path(directory, "")
        elsewhere = [path for path in kept if not path.startswith(own)]
        return [*elsewhere, *leftovers.remove(self._place, home, directory, name)]

    def _home(self, datastore: str) -> Datastore | None:
        try:
            return self._place.datastore(datastore)
        except GoneError:
            return None

    def _within_reach(self, desired: DesiredMachine) -> DesiredMachine:
        """A host that cannot pass virtualization on may refuse to start a machine that asks for it."""
        if not desired.may_lack_nested_virtualization or not desired.hardware.nested_virtualization:
            return desired
        return desired if self._place.offers_nested_virtualization else with_nested_virtualization(desired, False)

    def _finish(
        self, machine: Machine, desired: DesiredMachine, obsolete: Collection[str], seconds: float
    ) -> MachineState:
        for attempt in range(CONVERGE_ATTEMPTS):
            try:
                return self._convergence.once(machine, desired, obsolete, seconds)
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
        try:
            with cancel.shielded():
                found = machine.observe()
        except VsphereError:
            return error
        return HalfMadeError(str(error), observe.state(found, desired.machine_network))
