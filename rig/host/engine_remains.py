"""What a killed container engine leaves running, found by the rig's own paths and container names."""

import contextlib
import os
import signal
import time
from pathlib import Path

from rig.services.process import POLL_SECONDS
from toolchain.errors import SetupError
from toolchain.layout import Layout

END_LIMIT_SECONDS = 20.0


def forget_pids(layout: Layout) -> None:
    """Makes a new dockerd start its own containerd, to which the shims of running containers connect again.

    dockerd refuses to start, or waits for a containerd that is no more, while anything has the pid of a killed one
    (a zombie suffices).
    """
    for process in _processes():
        if _is_daemon(process, f"{layout.runtime}/") and _program(process) == "containerd":
            _kill(int(process.name))
    (layout.runtime / "docker.pid").unlink(missing_ok=True)
    (layout.runtime / "exec" / "containerd" / "containerd.pid").unlink(missing_ok=True)


def end_processes(layout: Layout) -> None:
    """What outlives a killed dockerd: containerd and shims, which name our runtime directory, and containers."""
    mark = f"{layout.runtime}/"
    deadline = time.monotonic() + END_LIMIT_SECONDS
    while True:
        containers = _container_ids(layout)
        pids = [int(each.name) for each in _processes() if _is_daemon(each, mark) or _is_contained(each, containers)]
        if not pids:
            return
        if time.monotonic() > deadline:
            raise SetupError(f"container engine: {pids} survive SIGKILL; end them and run `make rig-down` again")
        for pid in pids:
            _kill(pid)
        time.sleep(POLL_SECONDS)


def _processes() -> list[Path]:
    return [process for process in Path("/proc").iterdir() if process.name.isdigit()]


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _program(process: Path) -> str:
    return Path(_command_line(process)[0]).name


def _command_line(process: Path) -> list[str]:
    """The program and its arguments; one empty string for a process that has none or is gone."""
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return [""]


def _container_ids(layout: Layout) -> tuple[str, ...]:
    directory = layout.state / "docker" / "containers"
    return tuple(each.name for each in directory.iterdir()) if directory.is_dir() else ()


def _is_daemon(process: Path, mark: str) -> bool:
    ours = _program(process).startswith(("containerd", "dockerd", "runc"))
    return ours and any(argument.startswith(mark) for argument in _command_line(process)[1:])


def _is_contained(process: Path, containers: tuple[str, ...]) -> bool:
    try:
        cgroups = (process / "cgroup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(container in cgroups for container in containers)
