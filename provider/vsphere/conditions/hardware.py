"""Hardware versions that machines cannot have: one that the host does not make, or an older one than there is. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provider.vsphere.conditions.findings import Finding
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.model import ObservedMachine
from provider.vsphere.observe import version_number


@dataclass(frozen=True, slots=True)
class Source:
    """What a machine is cloned of: what it is called in messages, its hardware version (0: unknown), its disk."""

    called: str
    version: int
    thick: bool = False


def of_machines(
    wanted: Sequence[WantedMachine],
    there: Sequence[ObservedMachine],
    offered: Sequence[int],
    sources: Mapping[str, Source],
) -> list[Finding]:
    """Of declared versions; `offered` are the host's (none: not known), `sources` those of new machines by name."""
    known = {machine.name: version_number(machine.hardware_version) for machine in there}
    said: list[Finding] = []
    for machine in wanted:
        have, source = known.get(machine.name), sources.get(machine.name)
        if have is None and source is not None and offered and source.version > max(offered):
            said.append(Finding(newer_than_the_host(machine.name, source.called, source.version, offered)))
        elif machine.hardware_version:
            said += _faults(machine.name, machine.hardware_version, have, offered, source)
    return said


def _faults(
    name: str, wanted: int, have: int | None, offered: Sequence[int], source: Source | None
) -> Iterator[Finding]:
    if have and have > wanted:
        text = (
            f"machine {name}: it has hardware version {have}, and machine.hardwareVersion is {wanted}; it never goes "
            f"down: write {have}, or leave it out"
        )
        yield Finding(text, blocks=False)  # it may be made anew in this run; if not, it is left as it is
    elif have != wanted and offered and wanted not in offered:
        yield Finding(not_offered(name, wanted, offered))
    if have is None and source is not None and source.version > wanted:
        yield Finding(below_its_image(name, wanted, source.called, source.version))


def raised(
    wanted: Sequence[WantedMachine], there: Sequence[ObservedMachine], sources: Mapping[str, Source]
) -> list[str]:
    """The names of machines that get a higher hardware version than they have, or come with."""
    have = {name: source.version for name, source in sources.items()}
    have |= {machine.name: version_number(machine.hardware_version) for machine in there}
    return [each.name for each in wanted if 0 < have.get(each.name, 0) < (each.hardware_version or 0)]


def not_offered(name: str, wanted: int, offered: Sequence[int]) -> str:
    """What is said of a hardware version that the host does not make."""
    return (
        f"machine {name}: machine.hardwareVersion is {wanted}, and the host offers {', '.join(map(str, offered))}; "
        "write one of them, or update the host"
    )


def newer_than_the_host(name: str, image: str, has: int, offered: Sequence[int]) -> str:
    """What is said of a machine whose template no host that is meant can start."""
    return (
        f"machine {name}: {image}, which it is cloned of, has hardware version {has}, and the host offers "
        f"{', '.join(map(str, offered))}; use an older one, or update the host"
    )


def below_its_image(name: str, wanted: int, image: str, has: int) -> str:
    """What is said of a machine that is to be older than what it is cloned of."""
    return (
        f"machine {name}: machine.hardwareVersion is {wanted}, and {image}, which it is cloned of, has {has}; a clone "
        f"never goes below that: write {has} or a newer one, or leave it out"
    )
