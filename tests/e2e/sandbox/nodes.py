"""The sandbox stack's nodes, asked by ssh as `make doctor` asks them: on the rig and on a real host alike."""

import json
import re
import subprocess
import tempfile
from pathlib import Path

from doctor.state import connections
from tests.e2e.project import Project

PREFIX = "e2e-sandbox-"
CONTROL_PLANE, W1, W2, W3 = (f"{PREFIX}{name}" for name in ("cp1", "w1", "w2", "w3"))
CLASS = "gvisor"
LABEL = f"handler.kubelab.dev/{CLASS}"
FOLDER = "/opt/gvisor"


def asked(project: Project, node: str, command: str) -> str:
    """What a command says that root runs on a node; it must succeed."""
    export = ["pulumi", "stack", "export", "--show-secrets", "--non-interactive", "--stack", project.stack]
    # Not by the project's own way, which writes down what it reads.
    exported = subprocess.run(
        export, cwd=project.directory, env=project.environment, capture_output=True, text=True, check=True
    )
    known = connections(json.loads(exported.stdout))[node]
    with tempfile.TemporaryDirectory() as folder:
        key, hosts = Path(folder) / "key", Path(folder) / "known_hosts"
        key.touch(mode=0o600)
        key.write_text(known.private_key.rstrip("\n") + "\n")
        hosts.write_text(f"{known.host} {known.host_key}\n")
        options = ("IdentitiesOnly=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={hosts}", "LogLevel=ERROR")
        done = subprocess.run(
            [
                *("ssh", "-F", "/dev/null", "-i", str(key)),
                *(word for option in options for word in ("-o", option)),
                *(f"{known.user}@{known.host}", "sudo", "-n", "bash", "-s"),
            ],
            input=command,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, f"{command} on {node}: {done.stderr}"
    return done.stdout


def rows(output: str) -> dict[tuple[str, str], list[str]]:
    """The table of handlers that the doctor prints: node and handler -> the rest of the row."""
    table = output.partition("KERNEL INSIDE")[2]
    found = [re.split(r"\s{2,}", line.strip()) for line in table.splitlines() if line.startswith(PREFIX)]
    return {(row[0], row[1]): row[2:] for row in found}
