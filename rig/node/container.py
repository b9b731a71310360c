"""The arguments that a node's container is started with, chosen by what the host can do.

Its root file system is that of the image that the VM's disk was made of, and nothing of the lab is in that: what a
container needs to be a machine comes from outside, into /run. The simulated host adds what differs from VM to VM: name,
host name, network, address, MAC, environment, and the container image of the VM's disk in place of the last argument.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

MODULES = Path("/lib/modules")
FILES = Path(__file__).with_name("files")
FILES_IN_MACHINE = "/run/kubelab-rig"
# The simulated host knows it: RUN.container's last argument.
IMAGE_OF_DISK = "image-of-disk"
LOWER_OWN_SCORE = "echo -998 >/proc/self/oom_score_adj"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """`sys_resource`: a process here may lower its oom_score_adj; `modules`: the host's kernel has loadable modules."""

    sys_resource: bool
    modules: bool


def probe_host(modules: Path = MODULES) -> HostFacts:
    """Tries what a node would need; nothing is changed on the host.

    CAP_SYS_RESOURCE is tried, not looked up: what counts is whether the kernel allows the write.
    """
    tried = subprocess.run(["/bin/sh", "-c", LOWER_OWN_SCORE], stderr=subprocess.DEVNULL, timeout=10)
    return HostFacts(sys_resource=tried.returncode == 0, modules=modules.is_dir())


def run_arguments(facts: HostFacts) -> list[str]:
    """Arguments of `docker create` for a node that runs systemd and a container runtime; the image comes last."""
    machine = ["--env=container=docker", f"--volume={FILES}:{FILES_IN_MACHINE}:ro"]
    machine += [f"--entrypoint={FILES_IN_MACHINE}/entrypoint.sh"]
    machine += ["--stop-signal=SIGRTMIN+3", "--tmpfs=/run", "--tmpfs=/tmp:exec", "--volume=/var"]
    modules = [f"--volume={MODULES}:{MODULES}:ro"] if facts.modules else []
    return [*_privileges(facts), *machine, *modules, IMAGE_OF_DISK]


def machine_extra_config(facts: HostFacts, accelerator: str | None = None) -> dict[str, str]:
    """The `machine.extraConfig` of a site on the simulated host; with an accelerator of QEMU its machines are real.

    RUN.qemu comes before RUN.container. So a single node of a stack is another kind of machine than the rest by its own
    `machine.extraConfig`: `RUN.qemu: '{}'`, or `RUN.qemu: 'false'`.
    """
    real = {"RUN.qemu": json.dumps({"accelerator": accelerator})} if accelerator else {}
    return {"RUN.container": json.dumps(run_arguments(facts)), **real}


def _privileges(facts: HostFacts) -> list[str]:
    if facts.sys_resource:
        return ["--privileged", "--cgroupns=private"]
    # A privileged container asks for every capability, which a host without all of them refuses to start.
    return [
        "--cap-add=ALL",
        "--cap-drop=SYS_RESOURCE",
        "--security-opt=seccomp=unconfined",
        "--security-opt=apparmor=unconfined",
        "--security-opt=systempaths=unconfined",
        "--device-cgroup-rule=a *:* rwm",
        "--cgroupns=private",
    ]
