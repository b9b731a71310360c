"""`python -m rig bake`: images of the running lab's guest system, each with all that a stack needs inside."""

from collections.abc import Sequence

from rig.catalog import catalog_for
from rig.host import container_engine
from rig.node import offering
from rig.services import mirror
from rig.services.process import ProcessTable
from toolchain.build.workshop import build
from toolchain.errors import SetupError
from toolchain.layout import Layout
from toolchain.progress import Progress


def bake(layout: Layout, stacks: Sequence[str], progress: Progress) -> None:
    """Builds the images that are not built yet, and offers them: a site or a node of the lab then says their words.

    SetupError when the lab is not up, since the packages and container images come from its mirror.
    """
    table = ProcessTable(layout.processes, layout.logs)
    docker = container_engine.current(layout, table)
    if docker is None or not layout.site_file.is_file() or any(table.running(name) is None for name in mirror.SERVICES):
        raise SetupError(
            f"images with stacks inside ({', '.join(stacks)}): the lab is not up; run `make rig STACK={stacks[0]}`"
        )
    catalog = catalog_for((), layout, baked=stacks)
    built = build(catalog.parts, layout, None, progress)
    with progress.step("their root file systems for container machines"):
        offering.offer(layout, docker, catalog.images, built)
