"""make bench: cold up, no-op up, destroy, state bytes and connections per node, with the machine's size."""

import json
import os
import platform
import tempfile
import time
from pathlib import Path

from tests.e2e.project import Project

NODES = {"bench-cp1": "controlPlane", "bench-w1": "worker", "bench-w2": "worker"}


def measure(project: Project, *command: str) -> float:
    """Run pulumi; return the seconds it took."""
    began = time.monotonic()
    project.pulumi(*command)
    return time.monotonic() - began


def report(name: str, value: str) -> None:
    """One figure a line."""
    print(f"{name:<28} {value}", flush=True)


def main() -> None:
    """Build a 1+2 lab from nothing, run again, destroy."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    report("machine", f"{os.cpu_count()} cores, {memory:.0f} GiB, kernel {platform.release()}")
    with tempfile.TemporaryDirectory() as directory:
        project = Project.copy(Path(directory), NODES)
        project.pulumi("stack", "init")
        try:
            report("cold up, 1+2 nodes", f"{measure(project, 'up', '--yes', '--skip-preview'):.1f} s")
            state, on_disk = project.state(), project.state_file.stat().st_size
            report("no-op up", f"{measure(project, 'up', '--yes', '--skip-preview'):.1f} s")
            report("no-op preview", f"{measure(project, 'preview'):.1f} s")
            steps = json.loads(state)["checkpoint"]["latest"]["resources"]
            commands = [step for step in steps if step["type"] == "command:remote:Command"]
            report("state on disk", f"{on_disk} bytes, {on_disk // len(NODES)} per node ({len(state)} unpacked)")
            report("connections", f"{len(commands)}, {len(commands) / len(NODES):.1f} per node")
        finally:
            report("destroy", f"{measure(project, 'destroy', '--yes', '--skip-preview'):.1f} s")


if __name__ == "__main__":
    main()
