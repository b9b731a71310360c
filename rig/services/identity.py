"""Who a process is, over its whole life and no longer: pid, start time and boot."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Identity:
    """A process of this or an earlier boot; `fingerprint`: of the inputs it was started with."""

    pid: int
    start_ticks: int
    boot: str
    fingerprint: str


def write_identity(file: Path, fingerprint: str) -> None:
    """Writes the calling process's own identity, complete or not at all."""
    pid = os.getpid()
    identity = Identity(pid, start_ticks(pid) or 0, BOOT_ID.read_text().strip(), fingerprint)
    scratch = file.with_suffix(".new")
    scratch.write_text(json.dumps(asdict(identity)) + "\n")
    scratch.replace(file)


def read_identity(file: Path) -> Identity | None:
    """The identity in a pid file; None when there is no file or it is no such record."""
    try:
        return Identity(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def alive(identity: Identity) -> bool:
    """Whether that very process still runs (a zombie does not)."""
    if identity.boot != BOOT_ID.read_text().strip():
        return False
    return start_ticks(identity.pid) == identity.start_ticks


def start_ticks(pid: int) -> int | None:
    """The kernel's start time of a live process, in clock ticks since boot."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])
