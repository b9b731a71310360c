"""Directories for work that is thrown away, also when that work was killed with something mounted in them."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.system import host, run

MOUNT_TABLE = Path("/proc/self/mountinfo")
ESCAPED = re.compile(r"\\([0-7]{3})")


@contextmanager
def scratch_directory(path: Path) -> Iterator[Path]:
    """A new directory at `path`, without what an earlier run left there; nothing of it is left afterwards."""
    remove_tree(path)
    path.mkdir(mode=0o755, parents=True)
    try:
        yield path
    finally:
        remove_tree(path)


def remove_tree(path: Path) -> None:
    """Removes a directory with all in it, once nothing is mounted there: what is mounted must not be deleted.

    No directory there is no error. SetupError names a mount that cannot be taken away.
    """
    unmount_below(path)
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def unmount_below(*places: Path) -> None:
    """Unmounts everything at and below these places, the innermost first; what is in use is detached."""
    environ = {"PATH": host.SYSTEM_PATH}
    for mount in mounted_below(MOUNT_TABLE.read_text(), *places):
        done = subprocess.run(["umount", mount], capture_output=True, env=environ)
        if done.returncode != 0:
            run.answer(["umount", "--lazy", mount], f"unmounting {mount}", environ)


def mounted_below(table: str, *places: Path) -> list[str]:
    """The mount points at and below these places in a mountinfo text, the innermost first; spaces are octal there."""
    points = [ESCAPED.sub(lambda match: chr(int(match[1], 8)), line.split()[4]) for line in table.splitlines()]
    return sorted((each for each in points if any(Path(each).is_relative_to(place) for place in places)), reverse=True)
