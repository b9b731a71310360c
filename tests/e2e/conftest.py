"""The lab that an engine which is killed three times builds, and the sites that the labs of these tests are on."""

import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e import host
from tests.e2e.cluster import Cluster
from tests.e2e.labs import clear, remove_machines
from tests.e2e.lives import Life, live
from tests.e2e.project import Project, Result, wait_for

# Older than the site's own.
CRIO_SYSTEM = "debian-12"
NODES = {"e2e-cp1": "controlPlane", "e2e-w1": "worker", "e2e-w2": "worker"}
# The site has two hosts, each with credentials of its own.
HOSTS = {"e2e-cp1": "esxi", "e2e-w1": "esxi", "e2e-w2": "esxi-2"}
FOREIGN, FOREIGN_HOST = "e2e-foreign", "esxi"
PROVIDER_END_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Moment:
    """When to kill: after a line of the engine's output, once a condition on the host holds."""

    line: str
    condition: Callable[[], bool]


@dataclass
class Observed:
    """What was seen after each kill: the provider processes that outlived it, and the machines after recovery; before
    it, what a recovery beside the living run said; and the command lines of all processes during the last up."""

    survivors: dict[str, dict[int, str]] = field(default_factory=dict)
    machines_changed_by_survivors: dict[str, bool] = field(default_factory=dict)
    recoveries_beside_a_run: list[Result] = field(default_factory=list)
    command_lines: set[str] = field(default_factory=set)


@dataclass
class BuiltLab:
    """The running cluster and how it came to be."""

    project: Project
    observed: Observed
    site: Path

    @property
    def cluster(self) -> Cluster:
        """The cluster as its user sees it."""
        return Cluster(self.project)


# A fixture builds whole labs; each command in it has a limit of its own.
TEST_SECONDS = 1800


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of this folder may take longer than others."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@pytest.fixture(scope="session")
def site() -> Iterator[Path]:
    """The running rig's site file; no other run of these tests has it meanwhile."""
    assert "KUBELAB_RIG" in os.environ, "the embedded lab is not in the environment; run: make rig && . .rig/env"
    rig = Path(os.environ["KUBELAB_RIG"])
    with shared_by_the_processes_of_a_run(rig / "e2e.lock"):
        yield rig / "site.yaml"


@contextmanager
def shared_by_the_processes_of_a_run(path: Path) -> Iterator[None]:
    """A lock that all processes of one run of pytest hold together, and no other run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock.truncate(0)
            lock.write(run)
            lock.flush()
        except BlockingIOError:
            pass
        # Of the first process this turns the lock into one that others of its run can have too.
        fcntl.flock(lock, fcntl.LOCK_SH)
        if path.read_text() != run:
            pytest.fail(f"another run of the end-to-end tests uses the lab of {path.parent}; wait for its end")
        yield


@pytest.fixture(scope="session")
def vcenter(site: Path) -> Path:
    """The site file of the rig's vCenter, with linked clones."""
    return site.with_name("site-vcenter.yaml")


@pytest.fixture(scope="session")
def crio_life(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Future[Life]]:
    """The crio stack's lab on an older guest system, begun at once, and beside whichever else is built then.

    Most of a lab's life is waiting.
    """
    with ThreadPoolExecutor() as pool:
        yield pool.submit(live, tmp_path_factory.mktemp("crio"), "crio", CRIO_SYSTEM, site)


@pytest.fixture(scope="module")
def lab(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltLab]:
    """A cluster of one control plane and two workers over two hosts, beside a machine that is not ours."""
    two_hosts = site.with_name("site-two-hosts.yaml")
    project = Project.copy(tmp_path_factory.mktemp("project"), "containerd", "e2e-")
    project.declare("site", str(two_hosts))
    project.declare("nodes", {name: {"role": role, "host": HOSTS[name]} for name, role in NODES.items()})
    remove_machines(two_hosts, (*NODES, FOREIGN))
    with host.connected(two_hosts, FOREIGN_HOST) as content:
        host.create_foreign_vm(content, FOREIGN)
    observed = Observed()
    project.pulumi("stack", "init")
    try:
        for moment in moments(two_hosts):
            kill_and_recover(project, observed, two_hosts, moment)
        with host.watched_processes() as observed.command_lines:
            project.up()
        yield BuiltLab(project, observed, two_hosts)
    finally:
        clear(project, two_hosts, (*NODES, FOREIGN))


def moments(site: Path) -> list[Moment]:
    """In the middle of making a machine, of preparing an operating system, of kubeadm init."""

    def exists() -> bool:
        return "e2e-w1" in host.everywhere(site)

    def prepares() -> bool:
        return host.answers("e2e-w1", "grep", "-q", "10-prepare-os.sh began", "/var/log/kubelab-steps.log")

    def initialises() -> bool:
        return host.answers("e2e-cp1", "pgrep", "-x", "kubeadm")

    return [
        Moment("kubelab:index:VirtualMachine e2e-w1 creating", exists),
        Moment("command:remote:Command e2e-w1-prepare-os creating", prepares),
        Moment("command:remote:Command e2e-cp1-init creating", initialises),
    ]


def kill_and_recover(project: Project, observed: Observed, site: Path, moment: Moment) -> None:
    """Kill an up at `moment`, watch what outlives the engine, and make the stack usable again."""

    def snapshot() -> dict[str, str]:
        found: dict[str, str] = {}
        for target in host.targets(site):
            with host.connected(site, target) as content:
                found |= {name: each.changeVersion for name, each in host.configurations(content).items()}
        return {name: found[name] for name in NODES if name in found}

    def provider_is_gone() -> bool:
        return not host.processes(f"{project.directory}/provider")

    def has_come() -> bool:
        if not moment.condition():
            return False
        # The longest of them has the time for it.
        if moment.line.endswith("init creating"):
            observed.recoveries_beside_a_run.append(project.run("make", "recover", f"STACK={project.stack}"))
        return True

    project.kill_up_when(moment.line, has_come)
    try:
        wait_for(provider_is_gone, PROVIDER_END_SECONDS, "the provider to end with its engine")
    except AssertionError:
        observed.survivors[moment.line] = host.processes(f"{project.directory}/provider")
    before = snapshot()
    recovered = project.run("make", "recover", f"STACK={project.stack}")
    assert recovered.code == 0, recovered.output
    observed.machines_changed_by_survivors[moment.line] = before != snapshot()
