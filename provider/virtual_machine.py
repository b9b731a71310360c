"""kubelab:index:VirtualMachine: a virtual machine, powered on with an address, or off if so declared."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network

from provider import machine_diff, machine_read, replacement
from provider.machine_diff import FIELDS, SEED
from provider.machine_read import COMPUTED
from provider.resource import Found, Operation, PropertyChange, Unfinished
from provider.vsphere import desired, identity
from provider.vsphere.errors import RefusedError
from provider.vsphere.model import HalfMadeError
from provider.wire import UNKNOWN, Properties, is_unknown

GUEST_SECONDS = 300.0  # for an address and the ssh server, unless the user set another timeout


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
    secret_keys = frozenset(field.name for field in FIELDS if field.secret)
    stable_keys: tuple[str, ...] = COMPUTED
    delete_before_replace = True  # names are unique on a host
    is_on_a_target = True

    def check(self, news: Properties) -> Mapping[str, str]:
        """All faults at once; values that are not known yet pass, and those that an import cannot know."""
        found: dict[str, str] = {}
        for field in FIELDS:
            if field.name not in news:
                fault = None if field.optional or SEED in news else f"missing, wanted {field.values.wanted}"
            else:
                fault = None if is_unknown(news[field.name]) else field.fault(news[field.name])
            if fault:
                found[field.name] = fault
        if "staticAddress" in news and "manualMacAddress" not in news:
            found["staticAddress"] = "found without manualMacAddress, by which the guest knows the card that has it"
        unknown = news.keys() - {field.name for field in FIELDS} - {*COMPUTED, SEED}
        return found | dict.fromkeys(sorted(unknown), "unknown property")

    def diff(self, olds: Properties, news: Properties) -> list[PropertyChange]:
        """In place, with a power cycle, or by another machine."""
        return machine_diff.changes(olds, news)

    def replacement(self, olds: Properties, news: Properties, changes: Sequence[PropertyChange]) -> str | None:
        """Refused if the machine holds what would be lost, and the word is missing."""
        machine_diff.refuse(olds, news, changes)
        return replacement.warning(olds, news, changes)

    def preview_create(self, operation: Operation, inputs: Properties) -> Properties:
        """The instance UUID is known before, and what is declared of address and MAC; the rest is the host's."""
        _refuse_off(inputs)
        known = operation.owner and not any(is_unknown(inputs[key]) for key in ("name", "sshPublicKey"))
        instance = identity.instance_uuid(_mark(operation, inputs)) if known else UNKNOWN
        unknown = dict.fromkeys(COMPUTED, UNKNOWN)
        return {**inputs, **unknown, **machine_read.declared(inputs), "instanceUuid": instance}

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Makes the machine, or finishes what an interrupted run began."""
        _refuse_off(inputs)
        wanted, mark = desired.desired_machine(inputs), _mark(operation, inputs)
        operation.preflight()
        try:
            state = operation.machines().create(wanted, mark, operation.seconds or GUEST_SECONDS)
        except HalfMadeError as error:
            raise _unfinished(identity.instance_uuid(mark), inputs, error) from None
        return identity.instance_uuid(mark), machine_read.outputs(inputs, state)

    def read(self, operation: Operation, id_: str, inputs: Properties, outputs: Properties) -> Found | None:
        """Reports drift of what can be changed in place; without inputs, it is an import by moid, name or UUID."""
        machines = operation.machines()
        if not inputs and not outputs:
            found = machines.found_for_import(id_, operation.owned_by())
            return machine_read.imported(*found) if found else None
        wanted = {"network": outputs["network"], **(inputs or outputs)}  # that of the target which was chosen
        state = machines.read(id_, outputs["name"], _reached_in(outputs), machine_read.networks(wanted))
        if state is None:
            return None
        drift = machine_read.drift(wanted, state)
        reasons = machine_read.reasons(wanted, state)
        return Found(id_, {**inputs, **drift}, machine_read.outputs({**outputs, **drift}, state), reasons)

    def preview_update(self, operation: Operation, olds: Properties, news: Properties) -> Properties:
        """Identity and address stay what they were: nothing that uses them shows as changed."""
        name, changes = olds["name"], self.diff(olds, news)
        cycled = machine_diff.takes_power_cycle(changes, olds, news)
        if any(change.key == "power" for change in changes):
            operation.info(f"machine {name} will be {'shut down' if news.get('power') == 'off' else 'powered on'}")
        elif cycled and news.get("power") != "off":
            told = f"machine {name} will be shut down and started again for this change: {', '.join(cycled)}"
            operation.info(told)
        return machine_read.after(olds, news)

    def update(self, operation: Operation, id_: str, olds: Properties, news: Properties) -> Properties:
        """Changes the machine, with a power cycle if it needs one; also finishes an unfinished one."""
        wanted = desired.desired_machine(news)
        obsolete = olds.get("extraConfig", {}).keys() - news.get("extraConfig", {}).keys()
        seconds = operation.seconds or GUEST_SECONDS
        operation.preflight()
        try:
            state = operation.machines().update(id_, wanted, obsolete, seconds)
        except HalfMadeError as error:
            raise _unfinished(id_, machine_read.after(olds, news), error) from None
        return machine_read.outputs(machine_read.after(olds, news), state)

    def delete(self, operation: Operation, id_: str, olds: Properties) -> None:
        """Destroys the machine if it is ours."""
        operation.progress("destroying")
        left = operation.machines().destroy(id_, olds["name"], olds["datastore"])
        if left:
            kept = ", ".join(left)
            operation.info(
                f"machine {olds['name']} is destroyed; what it was not made with is detached and kept: {kept}"
            )


def _refuse_off(inputs: Properties) -> None:
    """A machine that never ran has no node, no proof that it took its first-boot data, and no address."""
    if inputs.get("power") == "off":
        raise RefusedError(
            f"machine {inputs['name']}: it is declared off and is to be made, and a node is prepared while its machine "
            "runs; take power: off out, run up, and write it again"
        )


def _mark(operation: Operation, inputs: Properties) -> str:
    """The state's own key pair tells it from others of the same project and stack."""
    owner = identity.owner_of_state(operation.owned_by(), inputs["sshPublicKey"])
    return identity.marker(owner, inputs["name"])


def _unfinished(id_: str, inputs: Properties, error: HalfMadeError) -> Unfinished:
    return Unfinished(Found(id_, inputs, machine_read.outputs(inputs, error.state), (str(error),)))


def _reached_in(outputs: Properties) -> IPv4Network | None:
    """Where the address of a machine lies; not known of one that was imported."""
    known = machine_read.declared(outputs).get("ipAddress", outputs.get("machineNetwork"))
    return None if known is None else IPv4Network(known)
