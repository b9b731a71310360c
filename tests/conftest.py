"""How a run with several processes shares the tests out."""

import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# Two chains of labs, each in the order of a lab's life: of more at once, each waits for the processor, and takes more
# of it by waiting. Where a chain's tests are, its name, and their turn in it; a translated machine comes when others
# are done.
LABS = {
    "tests/e2e/mixed/": ("mixed, existing", 0),
    "tests/e2e/test_existing.py": ("mixed, existing", 1),
    "tests/e2e/sandbox/": ("others, sandbox, real", 1),
    "tests/e2e/real/": ("others, sandbox, real", 2),
    "tests/e2e/": ("others, sandbox, real", 0),
}


def lab_of(nodeid: str) -> tuple[str, int] | None:
    """The chain and the turn of a test that needs a lab, None of any other."""
    return next((chain for labs, chain in LABS.items() if nodeid.startswith(labs)), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each test of a chain in its turn."""
    items.sort(key=lambda item: (lab_of(item.nodeid) or ("", 0))[1])


class ChainsOfLabs(LoadScopeScheduling):  # type: ignore[misc]
    """Any process takes any test, but one takes all of a chain of labs, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        chain = lab_of(nodeid)
        return chain[0] if chain else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """For `--dist loadscope`, as make test runs; the order of the folders is kept by `--no-loadscope-reorder`."""
    return ChainsOfLabs(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A lab has waits with an end, and goes before tests that only compute: these are as nice as a batch job.

    A kernel that groups processes by session shares the processor out among sessions first.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ or os.geteuid() != 0:
        return
    niceness = 10 if lab_of(item.nodeid) is None else 0
    os.setpriority(os.PRIO_PROCESS, 0, niceness)
    session = Path("/proc/self/autogroup")
    if niceness and session.exists() and os.getsid(0) != os.getpid():
        os.setsid()
        session.write_text(str(niceness))
