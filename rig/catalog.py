"""The list of the rig's parts: what a stack needs on the simulated host and in the mirror."""

from pathlib import Path

from images.ova import vmdk
from rig.image.ova import NAME, build_ova
from rig.mirror.parts import mirror_parts, runtime_parts
from rig.mirror.runtimes import RUNTIMES
from rig.node import build as node
from rig.services import simulator
from rig.stack_runtimes import runtimes_of
from toolchain.build.part import Part, Workplace, cache_keys, in_order
from toolchain.build.store import Store
from toolchain.layout import Layout

DEFAULT_STACK = "containerd"
NODE = "node-rootfs"
OVA = "node-ova"


def parts_for(stack: str, layout: Layout) -> tuple[Part, ...]:
    """The parts that a stack's container runtimes need, and those of other runtimes that are built already.

    A word that is no runtime's adds nothing: the product says what is wrong. SetupError for a stack without file.
    """
    wanted = runtimes_of(stack, layout.project / "stacks") & RUNTIMES.keys()
    return (simulator.part(), ova_part(), node_part(), *mirror_parts(wanted | _built_runtimes(layout)))


def _built_runtimes(layout: Layout) -> frozenset[str]:
    """The runtimes of which every part is in the store, made from today's inputs."""
    store = Store(layout.cache)
    keys = cache_keys(in_order(mirror_parts(RUNTIMES)), layout.project)

    def is_built(word: str) -> bool:
        return all(store.has(part.name, keys[part.name]) for part in runtime_parts(RUNTIMES[word]))

    return frozenset(word for word in RUNTIMES if is_built(word))


def node_part() -> Part:
    """The node's root file system, a tar."""

    def build(place: Workplace, out: Path) -> None:
        node.build_rootfs(out / "rootfs.tar", place.log, place.environ)

    return Part(NODE, "node image", build, values={"key": node.cache_key()})


def ova_part() -> Part:
    """The OVA that the simulated host imports, with its SHA-256 beside it."""

    def build(place: Workplace, out: Path) -> None:
        del place
        (out / "sha256").write_text(build_ova(out / f"{NAME}.ova") + "\n")

    return Part(OVA, "OVA", build, files=(Path(__file__).with_name("image"), Path(vmdk.__file__)))
