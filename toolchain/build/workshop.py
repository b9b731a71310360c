"""Brings parts into being: keys, order, the store, progress, and links in `.rig/bin`."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolchain.build.part import Part, Workplace, cache_key, cache_keys, in_order
from toolchain.build.store import Store
from toolchain.errors import RigError
from toolchain.layout import Layout
from toolchain.progress import Progress


@dataclass(frozen=True)
class Built:
    """Parts that exist: `outputs` and `keys` by part name."""

    outputs: Mapping[str, Path]
    keys: Mapping[str, str]


def build(parts: Iterable[Part], layout: Layout, go: Path | None, progress: Progress) -> Built:
    """Builds what is missing, one part after the other (each one uses all cores), and returns where all parts lie."""
    ordered = in_order(parts)
    keys = cache_keys(ordered, layout.project)
    store = Store(layout.cache)
    outputs: dict[str, Path] = {}
    progress.expect(len(ordered))
    for part in ordered:
        key = keys[part.name]
        if store.has(part.name, key):
            outputs[part.name] = store.path(part.name, key)
            progress.cached(part.title)
            continue
        log = layout.logs / f"build-{part.name}.log"
        place = Workplace(outputs=dict(outputs), go=go, log=log, environ=dict(os.environ))
        with progress.step(part.title):
            outputs[part.name] = _make(part, keys, layout.project, store, place, progress)
    return Built(outputs, keys)


def _make(part: Part, keys: Mapping[str, str], root: Path, store: Store, place: Workplace, progress: Progress) -> Path:
    def fill(scratch: Path) -> None:
        part.build(place, scratch)
        missing = [name for name in part.binaries if not (scratch / name).is_file()]
        if missing:
            raise RigError(f"building {part.title}: it made no {', '.join(missing)}; log: {place.log}")
        if cache_key(part, root, keys) != keys[part.name]:
            raise RigError(f"building {part.title}: its input files changed meanwhile; run this again")

    place.log.parent.mkdir(parents=True, exist_ok=True)
    place.log.unlink(missing_ok=True)
    return store.make(part.name, keys[part.name], fill, progress.note)


def link_binaries(parts: Iterable[Part], built: Built, target: Path) -> None:
    """Makes each part's binaries reachable in `target`, replacing links atomically and only where they differ."""
    target.mkdir(parents=True, exist_ok=True)
    for part in parts:
        for name in part.binaries:
            link(built.outputs[part.name] / name, target / name)


def link(source: Path, name: Path) -> None:
    """A symbolic link `name` to `source`, whatever was there before."""
    if name.is_symlink() and name.readlink() == source:
        return
    scratch = name.with_name(f".{name.name}.new")
    scratch.unlink(missing_ok=True)
    scratch.symlink_to(source)
    scratch.replace(name)
