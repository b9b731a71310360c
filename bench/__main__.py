"""make bench: cold up of each runtime; no-op up, destroy, state bytes and connections per node; the machine's size."""

import json
import os
import platform
import tempfile
import time
from pathlib import Path

from config.versions import RUNTIMES
from tests.e2e.project import Project


def measure(project: Project, *command: str) -> float:
    """Run pulumi; return the seconds it took."""
    began = time.monotonic()
    project.pulumi(*command)
    return time.monotonic() - began


def report(name: str, value: str) -> None:
    """One figure a line."""
    print(f"{name:<28} {value}", flush=True)


def measure_lab(runtime: str) -> float:
    """Build the runtime's 1+2 lab from nothing, run again, destroy. Returns the seconds of the first up."""
    with tempfile.TemporaryDirectory() as directory:
        project = Project.copy(Path(directory), runtime, "bench-")
        project.pulumi("stack", "init")
        try:
            cold = measure(project, "up", "--yes", "--skip-preview")
            report(f"{runtime}: cold up, 1+2 nodes", f"{cold:.1f} s")
            report("  no-op up", f"{measure(project, 'up', '--yes', '--skip-preview'):.1f} s")
            report("  no-op preview", f"{measure(project, 'preview'):.1f} s")
            report_state(project)
        finally:
            report("  destroy", f"{measure(project, 'destroy', '--yes', '--skip-preview'):.1f} s")
    return cold


def report_state(project: Project) -> None:
    """The size of the state and the number of connections, per node too."""
    state, on_disk, nodes = project.state(), project.state_file.stat().st_size, len(project.nodes)
    steps = json.loads(state)["checkpoint"]["latest"]["resources"]
    commands = [step for step in steps if step["type"] == "command:remote:Command"]
    report("  state on disk", f"{on_disk} bytes, {on_disk // nodes} per node ({len(state)} unpacked)")
    report("  connections", f"{len(commands)}, {len(commands) / nodes:.1f} per node")


def main() -> None:
    """One lab of each runtime, one after the other."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    report("machine", f"{os.cpu_count()} cores, {memory:.0f} GiB, kernel {platform.release()}")
    cold = {runtime: measure_lab(runtime) for runtime in RUNTIMES}
    report("slowest runtime", f"{max(cold.values()) / min(cold.values()):.2f} times the fastest")


if __name__ == "__main__":
    main()
