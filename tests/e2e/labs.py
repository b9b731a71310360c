"""A lab of one shipped stack: built once, destroyed at the end whatever happened."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from components.step import render_stdin
from rig.catalog import DEFAULT_SYSTEM
from tests.e2e import host
from tests.e2e.cluster import Cluster
from tests.e2e.project import ROOT, Project, wait_for

INVENTORY = Path(__file__).with_name("inventory.sh")
FRESH = "/var/log/kubelab-fresh-inventory"
PROJECT_NAME = "kubelab"
BAKED_STACK, BAKE_SECONDS = "containerd", 1500


def baked_image() -> str:
    """The word of an image that has all of the containerd stack inside, made now if it is not there."""
    command = [sys.executable, "-m", "rig", "bake", "--stack", BAKED_STACK]
    baked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BAKE_SECONDS, check=False)
    assert baked.returncode == 0, baked.stderr
    return f"{DEFAULT_SYSTEM}-baked-{BAKED_STACK}"


@contextmanager
def built(project: Project, site: Path, prepare: Callable[[Project], None] = lambda _: None) -> Iterator[Cluster]:
    """The stack's cluster. Each machine keeps, in FRESH, an inventory of what it was before its first step."""
    preflight = project.directory / "components/scripts/00-preflight.sh"
    text = preflight.read_text()
    taking = f"[[ -e {FRESH} ]] || bash -s >{FRESH} <<'INVENTORY'\n{INVENTORY.read_text()}INVENTORY\n"
    # Where cloud-init is done and nothing else has begun.
    beginning = "  ca_file=$(mktemp)\n"
    assert text.count(beginning) == 1
    preflight.write_text(text.replace(beginning, f"{taking}{beginning}"))
    prepare(project)
    names = tuple(project.nodes)
    remove_machines(site, names)
    project.pulumi("stack", "init")
    try:
        project.up()
        yield Cluster(project)
    finally:
        clear(project, site, names)


def clear(project: Project, site: Path, names: tuple[str, ...]) -> None:
    """Destroy what the stack still has, and the machines of these names whoever made them."""
    project.run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", project.stack)
    remove_machines(site, names)


def remove_machines(site: Path, names: tuple[str, ...]) -> None:
    """Remove the machines of these names, whoever made them, as what a run left that was stopped."""
    for target in host.targets(site):
        with host.connected(site, target) as content:
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


def remains(project: Project, site: Path) -> dict[str, list[str]]:
    """What a destroyed lab left on the host and in its container engine, by kind; kinds without any are left out."""
    found: dict[str, list[str]] = {}

    def is_nothing() -> bool:
        machines: set[str] = set()
        folders: set[str] = set()
        for target in host.targets(site):
            with host.connected(site, target) as content:
                machines |= host.owned(content, f"{PROJECT_NAME}/{project.stack}")
                machines |= set(project.nodes) & set(host.virtual_machines(content))
                folders |= host.orphaned_folders(content)
        containers, volumes = host.containers(*project.nodes), host.unused_volumes()
        found.update(machines=sorted(machines), folders=sorted(folders), containers=containers, volumes=volumes)
        return not any(found.values())

    # A folder or a volume of another lab, which works meanwhile, may be without its machine for a moment.
    with suppress(AssertionError):
        wait_for(is_nothing, 15, "nothing to remain")
    return {kind: names for kind, names in found.items() if names}


def assert_destroy_leaves_nothing(project: Project, site: Path) -> None:
    """Destroy the lab: neither the host nor its container engine has anything of it."""
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert remains(project, site) == {}
