"""One script on one machine by ssh, outside of any graph."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.script import LOCK_WAIT_SECONDS, render_command, render_stdin
from doctor.state import Connection

CONNECT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Answer:
    """How a script ended: its result, and what it said."""

    status: int
    stdout: str
    stderr: str


def run(
    connection: Connection, file: str, environment: Mapping[str, str], argument: str = "", seconds: int = 300
) -> Answer:
    """Run a step's script as its step would; the host key is verified.

    The script has so many seconds, beside the wait for a step that is running there. A machine that cannot be reached,
    or that falls silent, answers with status 255 and what is known of it.
    """
    with tempfile.TemporaryDirectory() as folder:  # readable by its owner alone
        key, known = Path(folder) / "key", Path(folder) / "known_hosts"
        key.touch(mode=0o600)
        key.write_text(connection.private_key.rstrip("\n") + "\n")
        known.write_text(f"{connection.host} {connection.host_key}\n")
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
        command = [
            *("ssh", "-F", os.devnull, "-i", str(key)),
            *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
            f"{connection.user}@{connection.host}",
            render_command(file, seconds, [argument] if argument else []),
        ]
        most = CONNECT_SECONDS + LOCK_WAIT_SECONDS + seconds
        try:
            done = subprocess.run(
                command,
                input=render_stdin(file, environment),
                capture_output=True,
                text=True,
                check=False,
                timeout=most,
            )
        except subprocess.TimeoutExpired:
            return Answer(255, "", f"found no end of {file} after {most} s")
    return Answer(done.returncode, done.stdout, done.stderr)
