"""What stands against a lab's machines on their host: names that are taken, states, disks that cannot grow."""

from collections.abc import Mapping, Sequence

from provider.vsphere import identity
from provider.vsphere.api.sdk import Facts
from provider.vsphere.conditions import connection_state, machine_state
from provider.vsphere.conditions.findings import Finding
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.lifecycle import disks
from provider.vsphere.model import ObservedMachine

GIB = 1024**3


def of_machines(
    host: str,
    owner: str,
    wanted: Sequence[WantedMachine],
    found: Mapping[str, Facts],
    observed: Sequence[ObservedMachine],
) -> list[Finding]:
    """Of machines that are there (`found`: all of them; `observed`: those whose configuration can be read)."""
    said = []
    by_name = {machine.name: machine for machine in wanted}
    for facts in found.values():
        name = str(facts.get("name", ""))
        if name in by_name and not connection_state.is_readable(facts):
            said.append(Finding(str(connection_state.unreadable(name, host, facts))))
    for machine in observed:
        if machine.name not in by_name:
            continue
        mark = machine.extra_config.get(identity.OWNER_KEY, "")
        if not identity.is_of(owner, mark):
            said.append(
                Finding(
                    f"machine {machine.name}: {host} has one of that name that "
                    f"{f'belongs to {mark}' if mark else 'kubelab did not make'}; it is left as it is; rename this node"
                )
            )
        else:
            said += _of_ours(machine, by_name[machine.name])
    return said


def _of_ours(machine: ObservedMachine, wanted: WantedMachine) -> list[Finding]:
    said = []
    if machine.question is not None:
        said.append(
            Finding(
                f"machine {machine.name}: {machine_state.shown(machine.question)}; answer it on the host's web page"
            )
        )
    if machine.power_state == machine_state.SUSPENDED:
        said.append(
            Finding(f"machine {machine.name}: it is suspended; resume it on the host if it is to run", blocks=False)
        )
    root = machine.root_disk
    if root is not None and root.capacity < wanted.disk_gib * GIB:
        fault = machine_state.growth_fault(
            machine.name,
            machine.snapshots,
            on_a_snapshot=bool(machine.below_root_disk),
            gib=wanted.disk_gib,
            linked_to=machine.linked_to,
        )
        said += [Finding(fault)] if fault else []
    kept = (refused for refused in disks.further_disks(machine, wanted.disks) if isinstance(refused, str))
    # It may be made anew in this run, with disks as they are declared; if not, it is left as it is.
    return said + [Finding(f"machine {machine.name}: {text}, then run up again", blocks=False) for text in kept]
