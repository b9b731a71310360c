"""One script on one machine by ssh, outside of any graph."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.step import LOCK_WAIT_SECONDS, Step, render_stdin
from doctor.state import SSH_PORT, Connection

CONNECT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Answer:
    """How a script ended: its result, and what it said."""

    status: int
    stdout: str
    stderr: str


def run(connection: Connection, step: Step, environment: Mapping[str, str]) -> Answer:
    """Run a step past its resource; the host key is verified.

    Beside the step's own time there is the wait for a step that is running there. A machine that cannot be reached, or
    that falls silent, answers with status 255 and what is known of it.
    """
    with tempfile.TemporaryDirectory() as folder:  # readable by its owner alone
        command = ssh_command(connection, step.command, Path(folder))
        most = CONNECT_SECONDS + LOCK_WAIT_SECONDS + step.timeout_seconds
        try:
            done = subprocess.run(
                command,
                input=render_stdin(step.file, environment),
                capture_output=True,
                text=True,
                check=False,
                timeout=most,
            )
        except subprocess.TimeoutExpired:
            return Answer(255, "", f"found no end of {step.file} after {most} s")
    return Answer(done.returncode, done.stdout, done.stderr)


def ssh_command(connection: Connection, command: str, folder: Path) -> list[str]:
    """The command line that runs `command` on a machine; the host key is verified.

    `folder`, which its owner alone may read, gets the private key and the known host key.
    """
    key, known = folder / "key", folder / "known_hosts"
    key.touch(mode=0o600)
    key.write_text(connection.private_key.rstrip("\n") + "\n")
    where = connection.host if connection.port == SSH_PORT else f"[{connection.host}]:{connection.port}"
    known.write_text(f"{where} {connection.host_key}\n")
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(CONNECT_SECONDS),
        "IdentitiesOnly": "yes",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "4",
        "LogLevel": "ERROR",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(known),
        "GlobalKnownHostsFile": os.devnull,
    }
    return [
        *("ssh", "-F", os.devnull, "-i", str(key), "-p", str(connection.port)),
        *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
        f"{connection.user}@{connection.host}",
        command,
    ]
