"""One script on one machine by ssh, outside of any graph."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.script import render_command, render_stdin
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
    """Run a step's script as its step would, for at most so many seconds; the host key is verified.

    A machine that cannot be reached answers with status 255 and ssh's own words.
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
            "LogLevel": "ERROR",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(known),
            "GlobalKnownHostsFile": os.devnull,
        }
        done = subprocess.run(
            [
                *("ssh", "-F", os.devnull, "-i", str(key)),
                *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
                f"{connection.user}@{connection.host}",
                render_command(file, seconds, [argument] if argument else []),
            ],
            input=render_stdin(file, environment),
            capture_output=True,
            text=True,
            check=False,
        )
    return Answer(done.returncode, done.stdout, done.stderr)
