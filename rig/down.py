"""`python -m rig down`: nothing of the rig is left but the cache, `.rig/bin` and the tools' own files."""

import contextlib
import shutil
from collections.abc import Callable, Iterator

from rig import container_engine, kernel, machines, mirror_service, network, simulator
from rig.errors import RigError
from rig.layout import Layout
from rig.process import ProcessTable
from rig.progress import Progress
from rig.setup import write_env
from rig.up import kernel_record


def down(layout: Layout, progress: Progress) -> None:
    """Stops and removes everything; a step that fails does not keep the others from being done."""
    table = ProcessTable(layout.processes, layout.logs)
    faults: list[RigError] = []
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("stopping the simulated ESXi host", lambda: table.stop(simulator.SERVICE, simulator.STOP_GRACE_SECONDS)),
        ("stopping the mirror", lambda: mirror_service.stop(table)),
        ("removing machines and network", lambda: _remove_containers(layout, table)),
        ("removing the rig's container engine", lambda: container_engine.remove(layout, table)),
        ("restoring kernel settings", lambda: kernel.restore(kernel_record(layout))),
        ("removing files", lambda: _remove_files(layout)),
    )
    progress.expect(len(steps))
    for title, step in steps:
        with _collected(faults), progress.step(title):
            step()
    if faults:
        lines = tuple(line for fault in faults for line in (str(fault), *fault.evidence))
        raise RigError(f"down: {len(faults)} of {len(steps)} steps failed; mend what they name and run it again", lines)


@contextlib.contextmanager
def _collected(faults: list[RigError]) -> Iterator[None]:
    try:
        yield
    except RigError as fault:
        faults.append(fault)


def _remove_containers(layout: Layout, table: ProcessTable) -> None:
    docker = container_engine.current(layout, table)
    if docker is not None:
        network.remove(docker)
        machines.remove_images(layout, docker)


def _remove_files(layout: Layout) -> None:
    layout.site_file.unlink(missing_ok=True)
    if layout.env_file.is_file():
        write_env(layout, docker_host=None)
    for directory in (simulator.datastore(layout), layout.processes):
        shutil.rmtree(directory, ignore_errors=True)
