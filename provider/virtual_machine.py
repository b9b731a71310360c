"""kubelab:index:VirtualMachine: a powered-on machine with an address."""

import uuid
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Interface, IPv4Network
from typing import TYPE_CHECKING, Any

from provider import replacement
from provider.resource import Change, Found, Kind, Operation, PropertyChange, Unfinished, kind
from provider.vsphere import desired, identity
from provider.vsphere.errors import VsphereError
from provider.vsphere.fields import TEXTS, TRUTH, Effect, Field, text
from provider.vsphere.model import HalfMadeError, MachineState
from provider.wire import UNKNOWN, Properties, is_unknown

if TYPE_CHECKING:
    from provider.vsphere.machines import Machines

GUEST_SECONDS = 300.0  # for an address and the ssh server, unless the user set another timeout
_TRIGGERS = Field("replaceTriggers", TEXTS, Effect.BY_KEY, optional=True)
_OF_REPLACEMENT = (
    _TRIGGERS,
    Field("keepOnTriggers", TRUTH, Effect.NOTHING, optional=True),
    Field("holds", text("what is lost with the machine"), Effect.NOTHING, optional=True),
    Field("allowReplace", TRUTH, Effect.NOTHING, optional=True),
)
_HOST = Field("host", text("a target's name"), Effect.REPLACE, optional=True)
_FIELDS = (*desired.FIELDS, _HOST, *_OF_REPLACEMENT)
_POWER_CYCLE = {field.name for field in _FIELDS if field.effect is Effect.POWER_CYCLE}
_COMPUTED = ("instanceUuid", "moid", "ipAddress", "macAddress")


class VirtualMachine:
    """Inputs: see vsphere/desired.py. Outputs: all inputs, instanceUuid (the id), moid, ipAddress, macAddress.

    `host` is the name of its target, if that has one; which target an operation is on, the servicer knows by it.
    `image` itself is not compared: the machine has a copy of the disk, and imageSha256 says of which image.
    `replaceTriggers` is what the machine was made for, by name: another value of a name makes another machine, unless
    `keepOnTriggers` is true; a name that comes or goes changes nothing. `holds` is what is lost with the machine, such
    as etcd: with it, a change that replaces the machine is refused unless `allowReplace` is true. These two and
    `keepOnTriggers` are not compared.
    """

    token = "kubelab:index:VirtualMachine"
    secret_keys = frozenset(field.name for field in _FIELDS if field.secret)
    stable_keys: tuple[str, ...] = _COMPUTED
    delete_before_replace = True  # names are unique on a host
    is_on_a_target = True

    def check(self, news: Properties) -> Mapping[str, str]:
        """All faults at once; values that are not known yet pass."""
        found: dict[str, str] = {}
        for field in _FIELDS:
            if field.name not in news:
                fault = None if field.optional else f"missing, wanted {field.values.wanted}"
            else:
                fault = None if is_unknown(news[field.name]) else field.fault(news[field.name])
            if fault:
                found[field.name] = fault
        if "staticAddress" in news and "manualMacAddress" not in news:
            found["staticAddress"] = "found without manualMacAddress, by which the guest knows the card that has it"
        unknown = news.keys() - {field.name for field in _FIELDS} - set(_COMPUTED)
        return found | dict.fromkeys(sorted(unknown), "unknown property")

    def diff(self, olds: Properties, news: Properties) -> list[PropertyChange]:
        """In place, with a power cycle, or by another machine."""
        return [change for field in _FIELDS for change in _changes(field, olds, news)]

    def replacement(self, olds: Properties, news: Properties, changes: Sequence[PropertyChange]) -> str | None:
        """Refused if the machine holds what would be lost, and the word is missing."""
        return replacement.warning(olds, news, changes)

    def preview_create(self, operation: Operation, inputs: Properties) -> Properties:
        """The instance UUID is known before, and what is declared of address and MAC; the rest is the host's."""
        known = operation.owner and not any(is_unknown(inputs[key]) for key in ("name", "sshPublicKey"))
        instance = identity.instance_uuid(_mark(operation, inputs)) if known else UNKNOWN
        return {**inputs, **dict.fromkeys(_COMPUTED, UNKNOWN), **_declared(inputs), "instanceUuid": instance}

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Makes the machine, or finishes what an interrupted run began."""
        wanted, mark = desired.desired_machine(inputs), _mark(operation, inputs)
        operation.preflight()
        try:
            state = operation.machines().create(wanted, mark, operation.seconds or GUEST_SECONDS)
        except HalfMadeError as error:
            raise _unfinished(identity.instance_uuid(mark), inputs, error) from None
        return identity.instance_uuid(mark), _outputs(inputs, state)

    def read(self, operation: Operation, id_: str, inputs: Properties, outputs: Properties) -> Found | None:
        """Reports drift of what can be changed in place; without inputs, it is an import by instance UUID or name."""
        machines = operation.machines()
        if not inputs and not outputs:
            return _imported(machines, operation, id_)
        network = IPv4Network(_declared(outputs).get("ipAddress", outputs["machineNetwork"]))
        state = machines.read(id_, outputs["name"], network)
        if state is None:
            return None
        drift = _drift(inputs or outputs, state)
        reasons = _reasons(state, outputs.get("manualMacAddress"))
        return Found(id_, {**inputs, **drift}, {**_outputs({**outputs, **drift}, state)}, reasons)

    def preview_update(self, operation: Operation, olds: Properties, news: Properties) -> Properties:
        """Identity and address stay what they were: nothing that uses them shows as changed."""
        if any(change.key in _POWER_CYCLE for change in self.diff(olds, news)):
            operation.info(f"machine {olds['name']} will be shut down and started again for this change")
        return {**olds, **news}

    def update(self, operation: Operation, id_: str, olds: Properties, news: Properties) -> Properties:
        """Changes the machine, with a power cycle if it needs one; also finishes an unfinished one."""
        wanted = desired.desired_machine(news)
        obsolete = olds.get("extraConfig", {}).keys() - news.get("extraConfig", {}).keys()
        seconds = operation.seconds or GUEST_SECONDS
        operation.preflight()
        try:
            state = operation.machines().update(id_, wanted, obsolete, seconds)
        except HalfMadeError as error:
            raise _unfinished(id_, {**olds, **news}, error) from None
        return _outputs({**olds, **news}, state)

    def delete(self, operation: Operation, id_: str, olds: Properties) -> None:
        """Destroys the machine if it is ours."""
        operation.progress("destroying")
        left = operation.machines().destroy(id_, olds["name"], olds["datastore"])
        if left:
            operation.info(
                f"machine {olds['name']} is destroyed; its folder keeps what it was not made with: {', '.join(left)}"
            )


def _mark(operation: Operation, inputs: Properties) -> str:
    """The state's own key pair tells it from others of the same project and stack."""
    owner = identity.owner_of_state(operation.owned_by(), inputs["sshPublicKey"])
    return identity.marker(owner, inputs["name"])


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


def _declared(inputs: Properties) -> Properties:
    """The computed values that are declared: they are known before there is a machine."""
    declared = {"macAddress": inputs.get("manualMacAddress"), "ipAddress": inputs.get("staticAddress")}
    known = {key: value for key, value in declared.items() if value and not is_unknown(value)}
    return {key: str(IPv4Interface(value).ip) if key == "ipAddress" else value for key, value in known.items()}


def _reasons(state: MachineState, mac: str | None) -> tuple[str, ...]:
    if mac and state.mac and state.mac != mac:
        return (f"machine {state.name}: its network card has the MAC {state.mac}, it was made with {mac}",)
    if not state.ready:
        return (f"machine {state.name} was not finished; up finishes it",)
    if state.suspended:
        return (f"machine {state.name} is suspended; up resumes it",)
    return () if state.powered_on else (f"machine {state.name} is powered off; up powers it on",)


def _drift(inputs: Properties, state: MachineState) -> Properties:
    """A disk that grew is no drift: going back would need another machine. Nor is what a machine may lack."""
    extra = {key: state.extra_config[key] for key in inputs.get("extraConfig", {}) if key in state.extra_config}
    hardware = desired.hardware_properties(state.hardware)
    may_lack = {"nestedVirtualization"} if inputs.get("mayLackNestedVirtualization") else set()
    return {
        **{name: value for name, value in hardware.items() if name in inputs.keys() - may_lack},
        "diskGiB": min(state.disk_gib, inputs["diskGiB"]),
        "extraConfig": extra,
    }


def _changes(field: Field, olds: Properties, news: Properties) -> list[PropertyChange]:
    """The changes of one property, by keys if it is a map; a value that is not known yet counts as changed."""
    old, new = olds.get(field.name), news.get(field.name)
    match field.effect:
        case Effect.NOTHING:
            return []
        case Effect.BY_KEY:
            both = _when_triggered(news) if field is _TRIGGERS else Change.UPDATE
            return _map_changes(field.name, old or {}, new or {}, both)
        case Effect.GROWTH:
            change = Change.UPDATE if isinstance(new, int) and isinstance(old, int) and new > old else Change.REPLACE
        case Effect.REPLACE:
            change = Change.REPLACE
        case _:
            change = Change.UPDATE
    return [] if old == new else [PropertyChange(field.name, kind(field.name, olds, news), change)]


def _map_changes(name: str, old: Mapping[str, Any], new: Any, both: Change) -> list[PropertyChange]:
    """The changes of a map by its keys; `both` is what a key means that had a value before and has another one now."""
    if not isinstance(new, dict):  # not known yet
        return [PropertyChange(name, Kind.UPDATE, Change.UPDATE)]
    return [
        PropertyChange(f'{name}["{key}"]', kind(key, old, new), both if key in old and key in new else Change.UPDATE)
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _when_triggered(news: Properties) -> Change:
    return Change.UPDATE if news.get("keepOnTriggers") is True else Change.REPLACE


def _imported(machines: "Machines", operation: Operation, id_: str) -> Found | None:
    state = machines.find(id_) if _is_uuid(id_) else None
    if state is None:
        instance = machines.find_named(id_, operation.owned_by())
        state = machines.read(instance, id_, None) if instance else None
    if state is None:
        return None
    if state.address is None:
        raise VsphereError(f"machine {state.name}: it has no address; power it on before importing it")
    inputs: Properties = {
        "name": state.name,
        **desired.hardware_properties(state.hardware),
        "diskGiB": state.disk_gib,
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
