"""A lab of one shipped stack for the tests of a module: built once, destroyed at the end whatever happened."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from components.script import render_stdin
from tests.e2e import host
from tests.e2e.cluster import Cluster
from tests.e2e.project import STACK, Project

INVENTORY = Path(__file__).with_name("inventory.sh")
FRESH = "/var/log/kubelab-fresh-inventory"


@contextmanager
def built(directory: Path, shipped: str, site: Path, prepare: Callable[[Project], None]) -> Iterator[Cluster]:
    """The stack's cluster. Each machine keeps, in FRESH, an inventory of what it was before its first step."""
    project = Project.copy(directory, shipped, "e2e-")
    preflight = project.directory / "components/scripts/00-preflight.sh"
    text = preflight.read_text()
    taking = f"[[ -e {FRESH} ]] || bash -s >{FRESH} <<'INVENTORY'\n{INVENTORY.read_text()}INVENTORY\n"
    # Where cloud-init is done and nothing else has begun.
    beginning = "  ca_file=$(mktemp)\n"
    assert text.count(beginning) == 1
    preflight.write_text(text.replace(beginning, f"{taking}{beginning}"))
    prepare(project)
    names = tuple(project.nodes)
    project.pulumi("stack", "init")
    try:
        project.up()
        yield Cluster(project)
    finally:
        project.run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", STACK)
        with host.connected(site) as content:
            for name in names:
                host.destroy_vm(content, name)


def inventory(node: str) -> list[str]:
    """What is on a node now, as lines."""
    return host.run_text(node, INVENTORY.read_text()).splitlines()


def fresh_inventory(node: str) -> list[str]:
    """What was on a node before its first step, as lines."""
    return host.in_machine(node, "cat", FRESH).splitlines()


def run_script(node: str, file: str, environment: Mapping[str, str]) -> str:
    """Run one script on a node past its step; it must succeed. Returns its result."""
    return host.run_text(node, render_stdin(file, environment))


def assert_destroy_leaves_nothing(cluster: Cluster, site: Path) -> None:
    """Destroy the lab: neither the host nor its container engine has anything of it."""
    names = set(cluster.project.nodes)
    cluster.project.pulumi("destroy", "--yes", "--skip-preview")
    with host.connected(site) as content:
        assert set(host.virtual_machines(content)) & names == set()
    assert [line for line in host.docker("ps", "--all", "--format", "{{.Names}}").split() if "e2e-" in line] == []
