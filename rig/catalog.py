"""The list of the rig's parts: what a stack needs on the simulated host and in the mirror."""

from pathlib import Path

from rig import simulator
from rig.image.ova import NAME, build_ova
from rig.mirror.parts import mirror_parts
from rig.node import build as node
from rig.part import Part, Workplace

DEFAULT_STACK = "containerd"
NODE = "node-rootfs"
OVA = "node-ova"


def parts_for(stack: str, rig_source: Path) -> tuple[Part, ...]:
    """The parts a stack needs; for now every stack needs the same."""
    del stack
    return (simulator.part(rig_source), ova_part(rig_source), node_part(), *mirror_parts())


def node_part() -> Part:
    """The node's root file system, a tar."""

    def build(place: Workplace, out: Path) -> None:
        node.build_rootfs(out / "rootfs.tar", place.log, place.environ)

    return Part(NODE, "node image (Debian 12)", build, values={"key": node.cache_key()})


def ova_part(rig_source: Path) -> Part:
    """The OVA that the simulated host imports, with its SHA-256 beside it."""

    def build(place: Workplace, out: Path) -> None:
        del place
        (out / "sha256").write_text(build_ova(out / f"{NAME}.ova") + "\n")

    return Part(OVA, "OVA", build, files=(rig_source / "image",))
