"""What the lab's images are offered as: root file systems in the container engine, and a lock file beside the site."""

import json
from collections.abc import Iterable
from pathlib import Path

from rig.host.docker import Docker
from rig.node import guests
from rig.node import image as node_image
from rig.node.guests import Guest
from rig.site import LOCK_FILE, render_lock
from toolchain.build.workshop import Built
from toolchain.layout import Layout


def roots_file(layout: Layout) -> Path:
    """Content id of a disk -> the container image of the same root file system.

    The simulated host reads it when a machine is first powered on, so that it may change while that runs.
    """
    return layout.state / "esxi" / "roots.json"


def offer(layout: Layout, docker: Docker, parts: Iterable[str], built: Built) -> None:
    """Makes the images of these parts, and no others, known to the simulated host and to site files."""
    roots: dict[str, str] = {}
    entries: list[tuple[Path, Guest]] = []
    for part in parts:
        output = built.outputs[part]
        guest = guests.guest_of(output)
        roots[guest.content_id] = node_image.ensure_image(layout, docker, output / guests.ROOT, built.keys[part])
        entries.append((output / guests.OVA, guest))
    _replace(roots_file(layout), json.dumps(roots, indent=2, sort_keys=True) + "\n")
    _replace(layout.site_file.with_name(LOCK_FILE), render_lock(entries))


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.new")
    scratch.write_text(text)
    scratch.replace(file)
