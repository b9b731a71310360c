"""`python -m rig down`: nothing of the rig is left but the cache, `.rig/bin` and the tools' own files."""

import contextlib
import shutil
from collections.abc import Callable, Iterator

from rig.host import container_engine, kernel, network
from rig.node import bare, image
from rig.services import dhcp, hosts, mirror, simulator
from rig.services.process import ProcessTable
from rig.site import LOCK_FILE
from rig.up import kernel_record
from toolchain.errors import SetupError
from toolchain.layout import Layout
from toolchain.progress import Progress


def down(layout: Layout, progress: Progress) -> None:
    """Stops and removes everything; a step that fails does not keep the others from being done."""
    table = ProcessTable(layout.processes, layout.logs)
    faults: list[SetupError] = []
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("stopping the simulated hosts", lambda: _stop_hosts(table)),
        ("stopping the leases of addresses", lambda: table.stop(dhcp.SERVICE, dhcp.STOP_GRACE_SECONDS)),
        ("stopping the mirror", lambda: mirror.stop(table)),
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
        raise SetupError(
            f"down: {len(faults)} of {len(steps)} steps failed; mend what they name and run it again", lines
        )


@contextlib.contextmanager
def _collected(faults: list[SetupError]) -> Iterator[None]:
    try:
        yield
    except SetupError as fault:
        faults.append(fault)


def _stop_hosts(table: ProcessTable) -> None:
    for host in hosts.ALL:
        table.stop(host.name, simulator.STOP_GRACE_SECONDS)


def _remove_containers(layout: Layout, table: ProcessTable) -> None:
    docker = container_engine.current(layout, table)
    if docker is not None:
        network.remove(docker)
        image.remove_images(layout, docker)


def _remove_files(layout: Layout) -> None:
    for site in (*hosts.SITES, bare.SITE):
        layout.site_file.with_name(site).unlink(missing_ok=True)
    layout.site_file.with_name(LOCK_FILE).unlink(missing_ok=True)
    layout.services_env.unlink(missing_ok=True)
    datastores = [host.datastore(layout) for host in hosts.ALL]
    for directory in (*datastores, bare.directory(layout), dhcp.directory(layout), layout.processes):
        shutil.rmtree(directory, ignore_errors=True)
