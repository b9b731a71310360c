"""`python -m toolchain.recovery STACK [MACHINE]` (`make recover`): gives back the lock of a run that has ended.

The engine's own `pulumi cancel` takes any lock, also that of a run which goes on: then both would do every step. What
its locks say is in pkg/backend/diy/lock.go of the engine: pid, username, hostname, timestamp.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from toolchain.command_line import explained, layout_here
from toolchain.errors import SetupError

LOCKS = Path(".pulumi/locks/organization")
ENGINE = "pulumi"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock as its file says it; `timestamp`: as the engine wrote it."""

    file: Path
    pid: int
    user: str
    machine: str
    timestamp: str

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user}@{self.machine}, since {self.timestamp}"


def main() -> int:
    """Exit code 0: the lock is given back, or there was none; 1: it is not, explained."""
    parser = argparse.ArgumentParser(prog="python -m toolchain.recovery", description="Gives a stack's lock back.")
    parser.add_argument("stack")
    parser.add_argument("machine", nargs="?", default="", help="the other machine whose run is known to have ended")
    arguments = parser.parse_args()
    layout = layout_here()
    state = state_folder(layout.project, os.environ)
    if state is None:
        return subprocess.run([ENGINE, "cancel", "--yes", "--stack", arguments.stack]).returncode
    project = yaml.safe_load((layout.project / "Pulumi.yaml").read_text())["name"]
    for lock in give_back(locks_of(state, project, arguments.stack), socket.gethostname(), arguments.machine):
        print(f"gave back the lock of {lock}, which has ended")
    return 0


def state_folder(project: Path, environ: Mapping[str, str]) -> Path | None:
    """The folder of a state kept in files; None when another backend keeps it, which knows itself whose a lock is."""
    url = environ.get("PULUMI_BACKEND_URL")
    if not url:
        document = yaml.safe_load((project / "Pulumi.yaml").read_text())
        url = str((document.get("backend") or {}).get("url", ""))
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    folder = Path(f"{parts.netloc}{parts.path}")
    return Path.home() / folder.relative_to("~") if folder.parts[:1] == ("~",) else project / folder


def locks_of(state: Path, project: str, stack: str) -> list[Lock]:
    """The locks of a stack, also of one named `organization/project/stack`; SetupError for a file that is none."""
    folder = state / LOCKS / project / stack.rpartition("/")[2]
    return [_read(file) for file in sorted(folder.glob("*.json"))]


def give_back(locks: Iterable[Lock], here: str, ended: str = "") -> list[Lock]:
    """Removes locks whose processes have ended and returns them; `ended`: another machine, said to run none any more.

    SetupError, and none is removed, when a process is alive, or may be on another machine.
    """
    found = list(locks)
    alive = [lock for lock in found if lock.machine == here and _is_engine(lock.pid)]
    if alive:
        pids = " ".join(str(lock.pid) for lock in alive)
        raise SetupError(
            f"giving a lock back: {'; '.join(map(str, alive))}, is alive ({_command(alive[0].pid)});"
            f" wait for it, or end it by `kill {pids}`, then run this again"
        )
    elsewhere = [lock for lock in found if lock.machine not in (here, ended)]
    if elsewhere:
        raise SetupError(
            f"giving a lock back: {'; '.join(map(str, elsewhere))}, is on another machine than this, {here};"
            f" if it has ended there, run this again with LOCK_OF={elsewhere[0].machine}"
        )
    for lock in found:
        lock.file.unlink(missing_ok=True)
    return found


def _read(file: Path) -> Lock:
    try:
        said = json.loads(file.read_text())
        return Lock(file, int(said["pid"]), str(said["username"]), str(said["hostname"]), str(said["timestamp"]))
    except (ValueError, TypeError, KeyError) as error:
        # The engine writes a lock in place: one that was killed in that moment leaves half of it.
        raise SetupError(
            f"giving a lock back: {file} is no lock of the engine ({error});"
            " if no `pulumi` runs on this stack, remove it"
        ) from error


def _is_engine(pid: int) -> bool:
    """Whether a living process has this pid and is an engine; one that may not be looked at counts as one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except PermissionError:
        return True
    except (FileNotFoundError, ProcessLookupError):
        return _exists(pid)
    name, state = stat.partition("(")[2].rpartition(")")[0], stat.rpartition(")")[2].split()[0]
    return state not in "ZX" and name.startswith(ENGINE)


def _exists(pid: int) -> bool:
    """Whether there is such a process though /proc does not show it, as with hidepid."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ").strip() or ENGINE
    except OSError:
        return ENGINE


if __name__ == "__main__":
    sys.exit(explained(main))
