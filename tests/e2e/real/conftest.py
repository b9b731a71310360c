"""A container control plane and a worker that is a virtual machine: a kernel of its own beneath the steps.

The machine is a QEMU process, translated, so that it needs no hardware; that is slow, a boot is a minute or more. What
tests ask of is gathered once for each of its two lives: made, and changed by a power cycle.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from doctor.machine import Answer
from tests.e2e.cluster import Cluster
from tests.e2e.labs import BAKED_STACK, baked_image, clear, remove_machines
from tests.e2e.machine import Machine
from tests.e2e.project import Project, Result, changes
from tests.e2e.real.facts import SWAP, facts_of
from tests.e2e.real.kata import preflight_of_kata
from tests.e2e.real.precedence import precedence

PREFIX = "e2e-real-"
CONTROL_PLANE, WORKER = f"{PREFIX}cp1", f"{PREFIX}w1"
# The machine as it is made, and as it is after a change.
MEMORY_MIB, DISK_GIB = (2048, 2560), (16, 18)
BEFORE = {"memoryMiB": MEMORY_MIB[0], "diskGiB": DISK_GIB[0], "nestedVirtualization": "require"}
AFTER = {"memoryMiB": MEMORY_MIB[1], "diskGiB": DISK_GIB[1], "nestedVirtualization": "off"}
START_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Real:
    """The lab, and its worker's life: what it was after it was made, and after it was changed."""

    cluster: Cluster
    made: Mapping[str, str]
    doctor: Result
    changed: Mapping[str, str]
    changes: list[str]
    doctor_after: Result
    kata: Answer
    kata_after: Answer


def declare(project: Project, image: str, machine: Mapping[str, object]) -> None:
    """Declare what the worker is."""
    extra = {"RUN.qemu": json.dumps({"accelerator": "tcg"})}
    settings = {**machine, "cpus": 2, "startSeconds": START_SECONDS, "extraConfig": extra}
    project.set_node(WORKER, {"image": image, "machine": settings})


@pytest.fixture(scope="package")
def real(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """The lab, once its worker has joined and was changed."""
    # Translated, installing packages would take longer than all the rest.
    image = baked_image()
    project = Project.copy(tmp_path_factory.mktemp("real"), BAKED_STACK, PREFIX, "e2e-real")
    stack = project.read_stack()
    control_plane = {"role": "controlPlane", "image": image}
    stack["config"]["kubelab:nodes"] = {CONTROL_PLANE: control_plane, WORKER: {"role": "worker"}}
    project.write_stack(stack)
    declare(project, image, BEFORE)
    remove_machines(site, (CONTROL_PLANE, WORKER))
    project.pulumi("stack", "init")
    try:
        with precedence(WORKER, CONTROL_PLANE):
            project.up(seconds=2 * START_SECONDS)
            machine = Machine(project, WORKER)
            made, doctor, kata = facts_of(machine), project.doctor(), preflight_of_kata(machine)
            machine.run(SWAP)
            declare(project, image, AFTER)
            changed = changes(project.up(seconds=2 * START_SECONDS).output)
            after = facts_of(machine), changed, project.doctor()
            yield Real(Cluster(project), made, doctor, *after, kata, preflight_of_kata(machine))
    finally:
        clear(project, site, (CONTROL_PLANE, WORKER))
