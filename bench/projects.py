"""The programs that are measured: stacks of the product of any size, and one that has nothing in it."""

import os
import subprocess
import time
from pathlib import Path

import yaml

from tests.e2e.project import ROOT, Project

STACK = "bench"
# Previews contact neither host nor mirror, so that they can be measured where no lab is.
SITE_WITHOUT_LAB = {
    "platform": {
        "vsphere": {
            "server": "esxi.invalid",
            "user": "root",
            "passwordFile": "password",
            "tls": {"sha256": ":".join(["00"] * 32)},
            "datastore": "datastore1",
            "network": "VM Network",
            "image": {"ova": "node.ova", "sha256": "0" * 64},
        }
    },
    "machine": {"cpus": 2, "memoryMiB": 2048, "diskGiB": 10, "nestedVirtualization": "off"},
    "addresses": {"mode": "dhcp", "network": "10.87.0.0/16"},
    "ssh": {"user": "lab"},
}


def measured(project: Project, *command: str) -> tuple[float, str]:
    """Run pulumi; return the seconds it took and what it printed."""
    began = time.monotonic()
    output = project.pulumi(*command).output
    return time.monotonic() - began, output


def seconds_of(*command: str) -> tuple[float, str]:
    """Run a command in the project; return the seconds it took and what it printed. CalledProcessError if it fails."""
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return time.monotonic() - began, done.stdout


def empty(directory: Path) -> Project:
    """A program without resources, run as the product is: what the engine and the language host take by themselves."""
    directory.mkdir(parents=True)
    (directory / ".venv").symlink_to(ROOT / ".venv")
    (directory / ".state").mkdir()
    (directory / "__main__.py").write_text("")
    content = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    del content["plugins"], content["stackConfigDir"]
    (directory / "Pulumi.yaml").write_text(yaml.safe_dump({**content, "name": "empty"}))
    return initialised(Project(directory, os.environ, STACK))


def shipped(directory: Path, stack: str) -> Project:
    """A shipped stack, on the running lab."""
    return initialised(Project.copy(directory, stack, "bench-", STACK))


def of_size(directory: Path, nodes: int) -> Project:
    """The containerd stack with this many nodes, one of them the control plane; on the lab's site if there is one."""
    project = Project.copy(directory, "containerd", "", STACK)
    stack = project.read_stack()
    workers = {f"w{number}": {"role": "worker"} for number in range(1, nodes)}
    stack["config"]["kubelab:nodes"] = {"cp1": {"role": "controlPlane"}, **workers}
    project.write_stack(stack)
    if not (ROOT / ".rig/site.yaml").exists():
        password = directory / "password"
        password.touch(mode=0o600)
        password.write_text("no-such-password\n")
        project.set_site(SITE_WITHOUT_LAB)
    return initialised(project)


def initialised(project: Project) -> Project:
    """The project with its stack made, which has nothing in it yet."""
    project.pulumi("stack", "init")
    return project
