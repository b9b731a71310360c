"""`python -m rig status`: a table of what the rig consists of and whether it is there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rig.catalog import catalog_for
from rig.host import container_engine, network
from rig.services import dhcp, hosts, mirror
from rig.services.process import ProcessTable
from toolchain.build.part import cache_keys, in_order
from toolchain.build.store import Store
from toolchain.layout import Layout


@dataclass(frozen=True, slots=True)
class Row:
    """`good`: the rig works with this."""

    kind: str
    name: str
    state: str
    good: bool


def rows(layout: Layout, stacks: Sequence[str]) -> list[Row]:
    """Parts, services and network, as found now; nothing is changed."""
    return [*_parts(layout, stacks), *_services(layout), _network(layout), *_sites(layout)]


def render(table: Iterable[Row]) -> str:
    """The rows as aligned text."""
    cells = [("KIND", "NAME", "STATE"), *((row.kind, row.name, row.state) for row in table)]
    widths = [max(len(row[column]) for row in cells) for column in range(2)]
    return "".join(f"{kind:<{widths[0]}}  {name:<{widths[1]}}  {state}\n" for kind, name, state in cells)


def _parts(layout: Layout, stacks: Sequence[str]) -> list[Row]:
    ordered = in_order(catalog_for(stacks, layout).parts)
    keys, store = cache_keys(ordered, layout.project), Store(layout.cache)
    found = [(part, store.has(part.name, keys[part.name])) for part in ordered]
    return [Row("part", part.name, "built" if there else "to be built", there) for part, there in found]


def _services(layout: Layout) -> list[Row]:
    table = ProcessTable(layout.processes, layout.logs)
    result = []
    leasing = (dhcp.SERVICE,) if dhcp.directory(layout).is_dir() else ()  # no real machines, no leases
    for name in (*mirror.SERVICES, *leasing, *(host.name for host in hosts.ALL)):
        identity = table.running(name)
        state = f"running, pid {identity.pid}" if identity else "not running"
        result.append(Row("process", name, state, identity is not None))
    own = table.running(container_engine.SERVICE)
    engine = container_engine.current(layout, table)
    answers = engine is not None and engine.reachable()
    whose = f"the rig's own, pid {own.pid}" if own else "the host's"
    result.append(Row("engine", "docker", whose if answers else "none answers", answers))
    return result


def _network(layout: Layout) -> Row:
    docker = container_engine.current(layout, ProcessTable(layout.processes, layout.logs))
    there = docker is not None and docker.reachable() and network.present(docker)
    return Row("network", network.NAME, network.SUBNET if there else "absent", there)


def _sites(layout: Layout) -> list[Row]:
    there = {name: layout.site_file.with_name(name).is_file() for name in hosts.SITES}
    return [Row("file", f".rig/{name}", "written" if found else "absent", found) for name, found in there.items()]
