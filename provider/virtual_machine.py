"""kubelab:index:VirtualMachine: a powered-on machine with an address."""

import uuid
from collections.abc import Mapping
from ipaddress import IPv4Network

from pulumi.runtime.rpc import UNKNOWN

from provider import virtual_machine_inputs
from provider.resource import Change, Found, Kind, Operation, PropertyChange, Unfinished, changed, kind
from provider.vsphere import address, identity
from provider.vsphere.destroy import destroy
from provider.vsphere.errors import HalfMadeError, VsphereError
from provider.vsphere.lifecycle import Lifecycle
from provider.vsphere.model import MachineState
from provider.wire import Properties, is_unknown

_REPLACE = ("name", "imageSha256", "datastore", "network", "sshUser", "sshPublicKey", "hostKeyPublic", "hostKeyPrivate")
_UPDATE = ("cpus", "memoryMiB", "nestedVirtualization", "machineNetwork")
_POWER_CYCLE = ("cpus", "memoryMiB", "nestedVirtualization")
_COMPUTED = ("instanceUuid", "moid", "ipAddress", "macAddress")


class VirtualMachine:
    """Inputs: see virtual_machine_inputs. Outputs: all inputs, instanceUuid (the id), moid, ipAddress, macAddress.

    `image` itself is not compared: the machine has a copy of the disk, and imageSha256 says of which image.
    `replaceTriggers` is what the machine was made for, by name: another value of a name makes another machine, unless
    `keepOnTriggers` is true; a name that comes or goes changes nothing. `keepOnTriggers` itself is not compared.
    """

    token = "kubelab:index:VirtualMachine"
    secret_keys = frozenset({"hostKeyPrivate"})
    stable_keys: tuple[str, ...] = _COMPUTED
    delete_before_replace = True  # names are unique on a host

    def check(self, news: Properties) -> Mapping[str, str]:
        """All faults at once."""
        return virtual_machine_inputs.faults(news)

    def diff(self, olds: Properties, news: Properties) -> list[PropertyChange]:
        """In place, with a power cycle, or by another machine."""
        keys = dict.fromkeys(_REPLACE, Change.REPLACE) | dict.fromkeys(_UPDATE, Change.UPDATE)
        return [
            *changed(olds, news, keys),
            *_disk_change(olds, news),
            *_map_changes("extraConfig", olds, news),
            *_map_changes("replaceTriggers", olds, news, both=_when_triggered(news)),
        ]

    def preview_create(self, operation: Operation, inputs: Properties) -> Properties:
        """The instance UUID is known before, the rest is the host's."""
        known = operation.owner and not is_unknown(inputs["name"])
        instance = identity.instance_uuid(identity.marker(operation.owner or "", inputs["name"])) if known else UNKNOWN
        return {**inputs, **dict.fromkeys(_COMPUTED, UNKNOWN), "instanceUuid": instance}

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Makes the machine, or finishes what an interrupted run began."""
        desired = virtual_machine_inputs.desired(inputs)
        mark = identity.marker(operation.owned_by(), desired.name)
        lifecycle = Lifecycle(operation.host(), operation.progress)
        try:
            state = lifecycle.create(desired, mark, operation.seconds or address.ADDRESS_SECONDS)
        except HalfMadeError as error:
            raise _unfinished(identity.instance_uuid(mark), inputs, error) from None
        return identity.instance_uuid(mark), _outputs(inputs, state)

    def read(self, operation: Operation, id_: str, inputs: Properties, outputs: Properties) -> Found | None:
        """Reports drift of what can be changed in place; without inputs, it is an import by instance UUID or name."""
        lifecycle = Lifecycle(operation.host(), operation.progress)
        if not inputs and not outputs:
            return _imported(lifecycle, operation, id_)
        network = IPv4Network(outputs["machineNetwork"])
        state = lifecycle.read(id_, outputs["name"], network)
        if state is None:
            return None
        drift = _drift(inputs or outputs, state)
        reasons = _reasons(state)
        return Found(id_, {**inputs, **drift}, {**_outputs({**outputs, **drift}, state)}, reasons)

    def preview_update(self, operation: Operation, olds: Properties, news: Properties) -> Properties:
        """Identity and address stay what they were: nothing that uses them shows as changed."""
        if any(change.key in _POWER_CYCLE for change in self.diff(olds, news)):
            operation.info(f"machine {olds['name']} will be shut down and started again for this change")
        return {**olds, **news}

    def update(self, operation: Operation, id_: str, olds: Properties, news: Properties) -> Properties:
        """Changes the machine, with a power cycle if it needs one; also finishes an unfinished one."""
        desired = virtual_machine_inputs.desired(news)
        obsolete = olds.get("extraConfig", {}).keys() - news.get("extraConfig", {}).keys()
        seconds = operation.seconds or address.ADDRESS_SECONDS
        try:
            state = Lifecycle(operation.host(), operation.progress).update(id_, desired, obsolete, seconds)
        except HalfMadeError as error:
            raise _unfinished(id_, {**olds, **news}, error) from None
        return _outputs({**olds, **news}, state)

    def delete(self, operation: Operation, id_: str, olds: Properties) -> None:
        """Destroys the machine if it is ours."""
        operation.progress("destroying")
        destroy(operation.host(), id_, olds["name"], olds["datastore"])


def _outputs(inputs: Properties, state: MachineState) -> Properties:
    """An address that is not known just now (the machine is off) stays what it was."""
    return {
        **inputs,
        "instanceUuid": state.instance_uuid,
        "moid": state.moid,
        "ipAddress": state.address or inputs.get("ipAddress"),
        "macAddress": state.mac or inputs.get("macAddress"),
    }


def _unfinished(id_: str, inputs: Properties, error: HalfMadeError) -> Unfinished:
    return Unfinished(Found(id_, inputs, _outputs(inputs, error.state), (str(error),)))


def _reasons(state: MachineState) -> tuple[str, ...]:
    if not state.ready:
        return (f"machine {state.name} was not finished; up finishes it",)
    return () if state.powered_on else (f"machine {state.name} is powered off; up powers it on",)


def _drift(inputs: Properties, state: MachineState) -> Properties:
    """A disk that grew is no drift: going back would need another machine."""
    extra = {key: state.extra_config[key] for key in inputs.get("extraConfig", {}) if key in state.extra_config}
    return {
        "cpus": state.cpus,
        "memoryMiB": state.memory_mib,
        "nestedVirtualization": state.nested_virtualization,
        "diskGiB": min(state.disk_gib, inputs["diskGiB"]),
        "extraConfig": extra,
    }


def _disk_change(olds: Properties, news: Properties) -> list[PropertyChange]:
    old, new = olds.get("diskGiB"), news.get("diskGiB")
    if old == new:
        return []
    grows = isinstance(old, int) and isinstance(new, int) and new > old
    return [PropertyChange("diskGiB", Kind.UPDATE, Change.UPDATE if grows else Change.REPLACE)]


def _map_changes(name: str, olds: Properties, news: Properties, both: Change = Change.UPDATE) -> list[PropertyChange]:
    """The changes of a map by its keys; `both` is what a key means that had a value before and has another one now."""
    old, new = olds.get(name, {}), news.get(name, {})
    if not isinstance(new, dict):  # not known yet
        return [PropertyChange(name, Kind.UPDATE, Change.UPDATE)]
    return [
        PropertyChange(f'{name}["{key}"]', kind(key, old, new), both if key in old and key in new else Change.UPDATE)
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _when_triggered(news: Properties) -> Change:
    return Change.UPDATE if news.get("keepOnTriggers") is True else Change.REPLACE


def _imported(lifecycle: Lifecycle, operation: Operation, id_: str) -> Found | None:
    state = lifecycle.find(id_) if _is_uuid(id_) else None
    if state is None:
        instance = identity.instance_uuid(identity.marker(operation.owned_by(), id_))
        state = lifecycle.read(instance, id_, None)
    if state is None:
        return None
    if state.address is None:
        raise VsphereError(f"machine {state.name}: it has no address; power it on before importing it")
    inputs: Properties = {
        "name": state.name,
        "cpus": state.cpus,
        "memoryMiB": state.memory_mib,
        "diskGiB": state.disk_gib,
        "nestedVirtualization": state.nested_virtualization,
        "datastore": state.datastore,
        "network": state.network,
        "extraConfig": {},
    }
    return Found(state.instance_uuid, inputs, _outputs(inputs, state))


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
