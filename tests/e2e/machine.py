"""A machine of a lab, asked by ssh as `make doctor` asks it: whatever it is, and wherever."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from doctor.machine import ssh_command
from doctor.state import Connection, connections
from tests.e2e.project import Project

ASK_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of a lab, by its name."""

    project: Project
    name: str

    def connection(self) -> Connection:
        """How it is reached."""
        exported = subprocess.run(
            ["pulumi", "stack", "export", "--show-secrets", "--non-interactive", "--stack", self.project.stack],
            cwd=self.project.directory,
            env=self.project.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return connections(json.loads(exported))[self.name]

    def run(self, text: str) -> str:
        """Run a shell script as root; it must succeed. What it prints."""
        with tempfile.TemporaryDirectory() as folder:
            command = ssh_command(self.connection(), "sudo bash -s", Path(folder))
            done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=ASK_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
