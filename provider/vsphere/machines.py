"""The life of a machine: create or adopt, converge, update, destroy. Every step looks first and may be run again."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Network

from provider.vsphere import identity, observe, paths
from provider.vsphere.api import collector
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import CancelledError, ForeignError, GoneError, OutcomeUnknownError, VsphereError
from provider.vsphere.finding import find_by_name, find_by_uuid, find_ours, whose
from provider.vsphere.lifecycle.convergence import Convergence, with_nested_virtualization
from provider.vsphere.lifecycle.destruction import destroy
from provider.vsphere.machine import Machine
from provider.vsphere.making import leftovers
from provider.vsphere.making.creation import Creation
from provider.vsphere.model import AskSsh, HalfMadeError, MachineState, ObservedMachine
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

    def read(
        self, instance: str, name: str, network: IPv4Network | None, networks: Collection[str] = ()
    ) -> MachineState | None:
        """The machine's state, None if it does not exist; `networks` are names that its cards may be on.

        Raises ForeignError if it is not marked as ours.
        """
        machine = find_ours(self._place, instance, name)
        try:
            return None if machine is None else self._state(machine.observe(), network, networks)
        except GoneError:
            return None

    def _state(self, found: ObservedMachine, network: IPv4Network | None, networks: Collection[str]) -> MachineState:
        """With networks by the names that users know, where cards name them otherwise."""
        state = observe.state(found, network)
        if {state.network, *(card.network for card in state.cards)} <= {None, *networks}:
            return state
        names: dict[str, str] = {}
        for name in sorted(networks):
            with suppress(GoneError):
                names[observe.network_id(self._place.network(name).nic_backing)] = name
        cards = tuple(replace(card, network=names.get(card.network, card.network)) for card in state.cards)
        return replace(state, network=names.get(state.network or "", state.network), cards=cards)

    def found_for_import(self, id_: str, owner: str) -> tuple[MachineState, Mapping[str, str]] | None:
        """The machine of this moid, name or instance UUID with its marks, None if there is none.

        Raises ForeignError if it is not one of this owner ("<project>/<stack>").
        """
        doing = f"looking for machine {id_}"
        known = collector.machines_in(self._place.session, doing, self._place.folder, ["name", "config.instanceUuid"])
        by_moid = {moid: facts.get("config.instanceUuid") for moid, facts in known.items()}
        by_name = {facts.get("name"): facts.get("config.instanceUuid") for facts in known.values()}
        instance = by_name.get(id_) or by_moid.get(id_) or id_
        machine = find_by_uuid(self._place, instance, id_) or find_by_name(self._place, id_)
        if machine is None:
            return None
        found = machine.observe()
        if not identity.is_of(owner, found.extra_config.get(identity.OWNER_KEY, "")):
            raise ForeignError(
                f"machine {id_} of {self._place.session.name}: it is a machine that {whose(found.extra_config)}; it is "
                f"imported only by the project and stack that made it, this one is {owner}; kubelab knows no ssh host "
                "key of others, and would make it anew; to use it as it is, write it below platform/existing of the "
                "site file"
            )
        return self._as_users_call_it(observe.state(found, None)), found.extra_config

    def _as_users_call_it(self, state: MachineState) -> MachineState:
        """Of a cluster of datastores the one that the machine is on: which cluster it was made on, no host says."""
        name = self._place.network_named
        cards = tuple(replace(card, network=name(card.network)) for card in state.cards)
        network = state.network and name(state.network)
        return replace(state, network=network, cards=cards, datastore=paths.unescaped(state.datastore))

    def destroy(self, instance: str, name: str, datastore: str) -> list[str]:
        """Destroys the machine and its folder; one that is gone is fine. Raises ForeignError if it is not ours.

        Returns what was not made with the machine and stays: disks that were attached, by their paths, and what else
        its folder holds, by names.
        """
        machine, directory = find_ours(self._place, instance, name), paths.directory(name, instance)
        kept = [] if machine is None else destroy(self._place, machine, self._progress)
        homes = self._homes(datastore)
        if not homes:
            if machine is not None:
                return kept
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
                kept += destroy(self._place, unregistered, self._progress)
            left += leftovers.remove(self._place, home, directory, name)
        return [*(path for path in kept if paths.split(path)[1] != directory), *left]

    def _homes(self, datastore: str) -> tuple[Datastore, ...]:
        try:
            return self._place.datastores(datastore)
        except GoneError:
            return ()

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
        if isinstance(error, CancelledError):
            error = CancelledError(f"{error}; it stays as it is, marked; the next up goes on with it")
        try:
            with cancel.shielded():
                found = machine.observe()
        except VsphereError:
            return error
        return HalfMadeError(str(error), observe.state(found, desired.reached_in))
