"""QEMU as a process: started, watched, ended; with the last lines of the console where something failed."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from images.check.machine import Machine, qemu_arguments
from toolchain.errors import SetupError, last_lines

END_SECONDS = 10.0
_CONTROL = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()][A-Z0-9]|[\x00-\x08\x0b-\x1f]")


class Running:
    """A machine that was started."""

    def __init__(self, machine: Machine, process: "subprocess.Popen[bytes]", errors: Path) -> None:
        self._machine = machine
        self._process = process
        self._errors = errors

    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_for_end(self, limit: float) -> None:
        """Waits until the guest powered itself off; SetupError when it did not in `limit` seconds, or QEMU failed."""
        try:
            status = self._process.wait(limit)
        except subprocess.TimeoutExpired as error:
            raise SetupError(f"powering off: the machine still runs after {limit:.0f} s", self.evidence()) from error
        if status != 0:
            raise SetupError(f"powering off: QEMU ended with {status}", last_lines(self._errors))

    def evidence(self) -> tuple[str, ...]:
        """The last lines of the console, without its colours, and of what QEMU itself said."""
        console = [_CONTROL.sub("", line) for line in last_lines(self._machine.serial)]
        # Packets to a guest that does not listen yet are lost, which is no news.
        said = [line for line in last_lines(self._errors) if "Slirp: Failed to send" not in line]
        return (*console, *said)


@contextmanager
def started(machine: Machine, errors: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Running]:
    """The machine, running; it is gone afterwards, however that ended."""
    with errors.open("wb") as sink:
        try:
            process = subprocess.Popen(
                qemu_arguments(machine), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=dict(environ)
            )
        except FileNotFoundError as error:
            raise SetupError(f"starting the machine: no program {error.filename}") from error
    try:
        yield Running(machine, process, errors)
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
