"""Processes that outlive the command that started them, each known by a pid file that cannot name a stranger.

A pid file holds pid, the kernel's start time of that pid and the boot it belongs to, so that a recycled pid is never
taken for ours; it is written by the new process itself before it becomes the program, so that no kill loses it.
"""

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rig.services.identity import Identity, alive, read_identity, write_identity
from toolchain.errors import SetupError, last_lines

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Service:
    """A program to keep running. `fingerprint`: changes when it must be restarted; `grace`: seconds it gets to end."""

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    fingerprint: str
    grace: float = 15.0


def fingerprint(*inputs: str) -> str:
    """One short text that differs when any input does."""
    return hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:16]


class ProcessTable:
    """The pid files and logs of the rig's services."""

    def __init__(self, directory: Path, logs: Path) -> None:
        self._directory = directory
        self._logs = logs

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def running(self, name: str) -> Identity | None:
        """The service's process if it is alive."""
        identity = read_identity(self._file(name))
        return identity if identity is not None and alive(identity) else None

    def names(self) -> list[str]:
        """Services with a pid file, alive or not."""
        return sorted(file.stem for file in self._directory.glob("*.json"))

    def ensure(self, service: Service, ready: Callable[[], str | None], limit: float) -> bool:
        """Lets the service run with these inputs and waits until `ready` returns None (else it says what is missing).

        Returns whether it was started now. Raises SetupError with the log's end when it dies or is not ready in time.
        """
        current = self.running(service.name)
        if current is not None and current.fingerprint != service.fingerprint:
            self.stop(service.name, service.grace)
            current = None
        started = current is None
        if started:
            self._start(service)
        self._await(service, ready, limit)
        return started

    def stop(self, name: str, grace: float) -> bool:
        """Ends a service: SIGTERM, then after `grace` seconds SIGKILL to its session; returns whether it ran."""
        identity = self.running(name)
        if identity is not None:
            os.kill(identity.pid, signal.SIGTERM)
            if not _gone_within(identity, grace):
                os.killpg(identity.pid, signal.SIGKILL)
                if not _gone_within(identity, 10):
                    raise SetupError(f"stopping {name}: process {identity.pid} survives SIGKILL; log: {self.log(name)}")
        self._file(name).unlink(missing_ok=True)
        return identity is not None

    def _file(self, name: str) -> Path:
        return self._directory / f"{name}.json"

    def _start(self, service: Service) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        with self.log(service.name).open("wb") as sink:
            try:
                subprocess.Popen(
                    service.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=sink,
                    env=dict(service.environ),
                    cwd="/",
                    start_new_session=True,
                    preexec_fn=lambda: write_identity(self._file(service.name), service.fingerprint),
                )
            except OSError as error:
                raise SetupError(
                    f"starting {service.name}: {service.argv[0]}: {error.strerror}; run `make rig` again"
                ) from error

    def _await(self, service: Service, ready: Callable[[], str | None], limit: float) -> None:
        log = self.log(service.name)
        deadline = time.monotonic() + limit
        while True:
            missing = ready()
            if self.running(service.name) is None:
                self._file(service.name).unlink(missing_ok=True)
                raise SetupError(f"starting {service.name}: it ended at once; log: {log}", last_lines(log))
            if missing is None:
                return
            if time.monotonic() > deadline:
                raise SetupError(
                    f"starting {service.name}: not ready after {limit:.0f} s ({missing}); log: {log}", last_lines(log)
                )
            time.sleep(POLL_SECONDS)


def _gone_within(identity: Identity, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(identity):
        _reap(identity.pid)
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _reap(pid: int) -> None:
    """A process that this very run started must be waited for; of any other there is nothing to collect."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
