"""The list of the rig's parts: what a stack needs on the simulated host and in the mirror."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rig.mirror.debian import GUESTS, Release
from rig.mirror.parts import mirror_parts, runtime_parts
from rig.mirror.runtimes import RUNTIMES
from rig.node import guests
from rig.services import simulator
from rig.stack_needs import needs_of
from toolchain.build.part import Part, cache_keys, in_order
from toolchain.build.store import Store
from toolchain.layout import Layout

DEFAULT_STACK = "containerd"
# The product's own default guest, which the lab's site names.
DEFAULT_SYSTEM = "debian-13"


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a lab is made of; `systems`: words for its guest systems, the site's own first."""

    systems: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def releases(self) -> tuple[Release, ...]:
        return tuple(GUESTS[system] for system in self.systems)


def catalog_for(stacks: Iterable[str], layout: Layout, systems: Iterable[str] = ()) -> Catalog:
    """What these stacks and guest systems need, and what of other runtimes and guest systems is built already.

    A word that is no runtime's or system's adds nothing: the product says what is wrong. SetupError for a stack
    without file.
    """
    needs = [needs_of(stack, layout.project / "stacks") for stack in stacks]
    runtimes = RUNTIMES.keys() & {word for need in needs for word in need.runtimes}
    wanted = {*systems, *(word for need in needs for word in need.systems)}
    others = {system for system in GUESTS if system in wanted or _is_built((guests.part(system),), layout)}
    all_systems = (DEFAULT_SYSTEM, *sorted(others - {DEFAULT_SYSTEM}))
    releases = tuple(GUESTS[system] for system in all_systems)
    every = runtimes | _built_runtimes(releases, layout)
    return Catalog(all_systems, (simulator.part(), *map(guests.part, all_systems), *mirror_parts(every, releases)))


def _built_runtimes(releases: Sequence[Release], layout: Layout) -> frozenset[str]:
    """The runtimes of which every part is in the store, made from today's inputs."""
    store = Store(layout.cache)
    keys = cache_keys(in_order(mirror_parts(RUNTIMES, releases)), layout.project)

    def is_built(word: str) -> bool:
        return all(store.has(part.name, keys[part.name]) for part in runtime_parts(RUNTIMES[word], releases))

    return frozenset(word for word in RUNTIMES if is_built(word))


def _is_built(parts: Sequence[Part], layout: Layout) -> bool:
    keys = cache_keys(parts, layout.project)
    return all(Store(layout.cache).has(part.name, keys[part.name]) for part in parts)
