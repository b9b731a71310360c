"""Files that appear at a second place: linked where possible, for packages and images are most of a mirror."""

import shutil
from pathlib import Path


def place(source: Path, target: Path) -> None:
    """Makes `target` the same file as `source`, else a copy of it; its directory must exist."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
