"""A translated machine before everything else that runs meanwhile: it is slow enough for a cluster's time limits."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.e2e import host

NICENESS = -5
# Of 1024 that every container has.
CPU_SHARES = 4096
LOOK_SECONDS = 3.0


@contextmanager
def precedence(machine: str, container: str) -> Iterator[None]:
    """While it lasts, QEMU's process of `machine`, whenever it is started, and the machine that is a container, too."""
    ended = threading.Event()

    def look() -> None:
        served: set[str] = set()
        while not ended.wait(LOOK_SECONDS):
            found = {str(pid) for pid, line in host.processes("qemu-system").items() if f"-name {machine}" in line}
            for pid in found - served:
                prefer(int(pid))
            known = host.container_of(container)
            if known and known not in served:
                host.docker("update", "--cpu-shares", str(CPU_SHARES), known)
            served |= {*found, known}

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield
    finally:
        ended.set()
        looker.join()


def prefer(pid: int) -> None:
    """Give a process precedence: within its session and, where the kernel groups by session, to its session."""
    with suppress(OSError):  # it has ended since
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(task.name), NICENESS)
        session = Path(f"/proc/{pid}/autogroup")
        if session.exists():
            session.write_text(str(NICENESS))
