"""Brings parts into being: keys, order, the store, progress, and links in `.rig/bin`."""

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from toolchain.build.part import Part, Workplace, cache_key, cache_keys, in_order
from toolchain.build.passing import passing_reason
from toolchain.build.store import Store
from toolchain.errors import SetupError, last_lines
from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.system.scratch import scratch_directory

PASSING_LINES = 100


@dataclass(frozen=True, slots=True)
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

        def make(part: Part = part, place: Workplace = place) -> Path:
            return _make(part, keys, layout.project, store, place, progress)

        with progress.step(part.title):
            outputs[part.name] = _made_in_two_attempts(make, part, log, progress)
    return Built(outputs, keys)


def _made_in_two_attempts(make: Callable[[], Path], part: Part, log: Path, progress: Progress) -> Path:
    """What `make` returns; it is called once more when it fails for a reason that may have passed.

    A second failure shows the end of both logs, and says where the first one is.
    """
    first_log = log.with_suffix(".first.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    for file in (log, first_log):
        file.unlink(missing_ok=True)
    try:
        return make()
    except SetupError as first:
        reason = passing_reason((str(first), *last_lines(log, PASSING_LINES), *first.evidence))
        if reason is None:
            raise
        progress.note(f"{part.title}: built once more, since this may have passed: {reason}")
        if log.is_file():
            log.replace(first_log)
        try:
            return make()
        except SetupError as second:
            both = ("the first attempt:", *first.evidence, "the second attempt:", *second.evidence)
            raise SetupError(f"{second}; the first attempt failed too: {first_log}", both) from second


def _make(part: Part, keys: Mapping[str, str], root: Path, store: Store, place: Workplace, progress: Progress) -> Path:
    key = keys[part.name]

    def fill(out: Path) -> None:
        # In the system's own place for such files, which builds may enter that give up root's rights.
        with scratch_directory(Path(tempfile.gettempdir()) / f"kubelab-{part.name}-{key}") as scratch:
            part.build(replace(place, environ={**place.environ, "TMPDIR": str(scratch)}), out)
        missing = [name for name in part.binaries if not (out / name).is_file()]
        if missing:
            raise SetupError(f"building {part.title}: it made no {', '.join(missing)}; log: {place.log}")
        if cache_key(part, root, keys) != key:
            raise SetupError(f"building {part.title}: its input files changed meanwhile; run this again")

    return store.make(part.name, key, fill, progress.note)


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
