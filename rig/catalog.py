"""The list of the rig's parts: what a stack needs on the simulated host and in the mirror."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rig.mirror.debian import GUESTS, Release
from rig.mirror.handlers import HANDLERS
from rig.mirror.parts import mirror_parts, packages_and_images, runtime_parts
from rig.mirror.runtimes import RUNTIMES
from rig.node import guests
from rig.services import simulator
from rig.stack_needs import needs_of
from toolchain.build.part import Part, cache_keys, in_order
from toolchain.build.store import Store
from toolchain.errors import SetupError
from toolchain.layout import Layout

DEFAULT_STACK = "containerd"
# The product's own default guest, which the lab's site names.
DEFAULT_SYSTEM = "debian-13"


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a lab is made of; `systems`: words for its guest systems, the site's own first; `images`: names of the parts
    that are guest images, plain ones and those with a stack inside."""

    systems: tuple[str, ...]
    parts: tuple[Part, ...]
    images: tuple[str, ...]

    @property
    def releases(self) -> tuple[Release, ...]:
        return tuple(GUESTS[system] for system in self.systems)


def catalog_for(
    stacks: Iterable[str], layout: Layout, systems: Iterable[str] = (), baked: Iterable[str] = ()
) -> Catalog:
    """What these stacks and guest systems need, and what of other runtimes, handlers, systems and images is built
    already.

    `baked`: stacks of which an image with all that they need inside is wanted. A word that the lab does not know adds
    nothing: the product says what is wrong. SetupError for a stack without file.
    """
    needs = [needs_of(stack, layout.project / "stacks") for stack in (*stacks, *baked)]
    runtimes = RUNTIMES.keys() & {word for need in needs for word in need.runtimes}
    wanted = {*systems, *(word for need in needs for word in need.systems)}
    others = {system for system in GUESTS if system in wanted or _are_built([guests.part(system)], layout)}
    all_systems = (DEFAULT_SYSTEM, *sorted(others - {DEFAULT_SYSTEM}))
    releases = tuple(GUESTS[system] for system in all_systems)
    every = runtimes | _built_runtimes(releases, layout)
    handlers = HANDLERS.keys() & {word for need in needs for word in need.handlers} | _built_handlers(layout)
    plain = tuple(map(guests.part, all_systems))
    common = (simulator.part(), *plain, *mirror_parts(every, releases, handlers))
    inside = tuple(_baked(common, set(baked), layout))
    return Catalog(all_systems, (*common, *inside), tuple(part.name for part in (*plain, *inside)))


def _baked(common: Sequence[Part], wanted: set[str], layout: Layout) -> Iterable[Part]:
    """The images of the default system with a stack inside: of those that are wanted, and of those built already."""
    stacks = layout.project / "stacks"
    for stack in sorted(wanted | {file.name.split(".")[1] for file in stacks.glob("Pulumi.*.yaml")}):
        try:
            runtimes = RUNTIMES.keys() & needs_of(stack, stacks).runtimes
        except SetupError:
            if stack in wanted:
                raise
            continue  # another stack's file is its user's to mend
        made_from = packages_and_images(mirror_parts(runtimes, (GUESTS[DEFAULT_SYSTEM],)))
        part = guests.baked_part(DEFAULT_SYSTEM, stack, made_from)
        there = {each.name for each in common} >= set(made_from)
        if stack in wanted or (there and _are_built([*common, part], layout, part.name)):
            yield part


def _built_runtimes(releases: Sequence[Release], layout: Layout) -> frozenset[str]:
    """The runtimes of which every part is in the store, made from today's inputs."""
    store = Store(layout.cache)
    keys = cache_keys(in_order(mirror_parts(RUNTIMES, releases)), layout.project)

    def is_built(word: str) -> bool:
        return all(store.has(part.name, keys[part.name]) for part in runtime_parts(RUNTIMES[word], releases))

    return frozenset(word for word in RUNTIMES if is_built(word))


def _built_handlers(layout: Layout) -> frozenset[str]:
    """The handlers of which every archive is in the store, made from today's inputs."""
    return frozenset(word for word, archives in HANDLERS.items() if _are_built(archives.parts, layout))


def _are_built(parts: Sequence[Part], layout: Layout, *names: str) -> bool:
    """Whether those of these names (of none given, all) are in the store, made from today's inputs."""
    keys = cache_keys(in_order(parts), layout.project)
    store = Store(layout.cache)
    return all(store.has(name, keys[name]) for name in names or keys)
