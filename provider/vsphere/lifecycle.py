"""The life of a machine: create or adopt, converge, update, destroy. Every step looks first and may be run again."""

from collections.abc import Callable, Collection
from ipaddress import IPv4Network
from typing import Any

from provider.vsphere import address, identity, observe, power, spec, tasks
from provider.vsphere.birth import Birth
from provider.vsphere.errors import (
    GoneError,
    HalfMadeError,
    OutcomeUnknownError,
    VsphereError,
)
from provider.vsphere.host import EsxiHost
from provider.vsphere.locate import locate
from provider.vsphere.model import DesiredMachine, MachineState, ObservedMachine

Progress = Callable[[str], None]
CONVERGE_ATTEMPTS = 4


class Lifecycle:
    """Machines on one host. `progress` is told in a few words what is being done."""

    def __init__(self, host: EsxiHost, progress: Progress) -> None:
        self._host = host
        self._session = host.session
        self._progress = progress

    def create(
        self, desired: DesiredMachine, mark: str, address_seconds: float = address.ADDRESS_SECONDS
    ) -> MachineState:
        """Makes the machine, or finishes one that an interrupted run left.

        Raises HalfMadeError once the machine exists but is not finished, VsphereError before that: nothing is left.
        """
        vm = Birth(self._host, self._progress).adopt_or_make(desired, mark)
        return self._finish(vm, desired, (), address_seconds)

    def update(
        self,
        instance: str,
        desired: DesiredMachine,
        obsolete: Collection[str] = (),
        address_seconds: float = address.ADDRESS_SECONDS,
    ) -> MachineState:
        """Brings a machine to what is wanted; `obsolete` are extraConfig keys to remove. Raises as create."""
        found = locate(self._host, instance, desired.name)
        if found is None:
            raise GoneError(
                f"machine {desired.name}: it is not on {self._session.name} any more; run pulumi refresh, then up"
            )
        return self._finish(found, desired, obsolete, address_seconds)

    def read(self, instance: str, name: str, network: IPv4Network | None) -> MachineState | None:
        """Returns the machine's state, None if it does not exist. Raises ForeignError if it is not marked as ours."""
        vm = locate(self._host, instance, name)
        if vm is None:
            return None
        try:
            return observe.state(observe.observe(self._session, vm, f"reading machine {name}"), network)
        except GoneError:
            return None

    def find(self, instance: str) -> MachineState | None:
        """Returns the machine of this instance UUID, whatever its name. Raises ForeignError if it is not ours."""
        vm = self._host.find_by_uuid(instance)
        if vm is None:
            return None
        name = observe.observe(self._session, vm, f"reading machine {instance}").name
        return self.read(instance, name, None)

    def _finish(self, vm: Any, desired: DesiredMachine, obsolete: Collection[str], seconds: float) -> MachineState:
        for attempt in range(CONVERGE_ATTEMPTS):
            try:
                return self._converge(vm, desired, obsolete, seconds)
            except OutcomeUnknownError as unknown:
                if attempt == CONVERGE_ATTEMPTS - 1:
                    raise self._half_made(vm, desired, unknown) from None
            except GoneError:
                raise
            except VsphereError as error:
                raise self._half_made(vm, desired, error) from None
        raise AssertionError("unreachable")

    def _half_made(self, vm: Any, desired: DesiredMachine, error: VsphereError) -> VsphereError:
        """The host may not answer just now: then the state is what was asked for."""
        if self._session.cancel.abandoned:
            return error
        try:
            with self._session.cancel.shielded():
                found = observe.observe(self._session, vm, f"reading machine {desired.name}")
        except VsphereError:
            return error
        return HalfMadeError(str(error), observe.state(found, desired.machine_network))

    def _converge(self, vm: Any, desired: DesiredMachine, obsolete: Collection[str], seconds: float) -> MachineState:
        session, doing = self._session, f"configuring machine {desired.name}"
        found = observe.observe(session, vm, doing)
        changes = spec.diff(found, desired, obsolete)
        if changes.offline is not None and found.power_state != power.OFF:
            self._progress("shutting down for changes that need a power cycle")
            power.shut_down(session, vm, found)
        for change in (changes.in_place, changes.offline):
            if change is not None:
                self._progress("configuring")
                tasks.run(session, doing, vm.ReconfigVM_Task, change)
        if changes.in_place is not None or changes.offline is not None:
            found = observe.observe(session, vm, doing)
            _verify(found, desired)
        if found.power_state != power.ON:
            self._progress("powering on")
            power.power_on(session, vm, desired.name)
        self._progress("waiting for an address")
        address.wait(session, vm, desired.name, desired.machine_network, seconds)
        if found.extra_config.get(identity.PHASE_KEY) != identity.READY:
            ready = spec.options({identity.PHASE_KEY: identity.READY})
            tasks.run(session, doing, vm.ReconfigVM_Task, spec.phase(ready))
        return observe.state(observe.observe(session, vm, doing), desired.machine_network)


def _verify(found: ObservedMachine, desired: DesiredMachine) -> None:
    """A host may ignore what it does not support; the machine is then not what was asked for."""
    if desired.nested_virtualization and not found.nested_virtualization:
        raise VsphereError(
            f"machine {desired.name}: the host did not accept nested virtualization (nestedHVEnabled); enable VT-x or "
            "AMD-V in the host's BIOS (and for the outer VM, if this ESXi is one itself), or set "
            "nestedVirtualization: false"
        )
    wanted = {"cpus": desired.cpus, "memoryMiB": desired.memory_mib}
    got = {"cpus": found.cpus, "memoryMiB": found.memory_mib}
    if wanted != got:
        raise VsphereError(f"machine {desired.name}: the host made it with {got} where {wanted} was asked for")
