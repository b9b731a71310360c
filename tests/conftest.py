"""How a run with several processes shares the tests out."""

import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# Chains of labs, each in the order of a lab's life, most of which is waiting: where a chain's tests are, its name.
LABS = {
    "tests/e2e/mixed/": "mixed",
    "tests/e2e/real/": "real, sandbox",
    "tests/e2e/sandbox/": "real, sandbox",
    "tests/e2e/": "others",
}


class ChainsOfLabs(LoadScopeScheduling):  # type: ignore[misc]
    """Any process takes any test, but one takes all of a chain of labs, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return next((chain for labs, chain in LABS.items() if nodeid.startswith(labs)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """For `--dist loadscope`, as make test runs; the order of the folders is kept by `--no-loadscope-reorder`."""
    return ChainsOfLabs(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A lab has waits with an end, and goes before tests that only compute: these are as nice as a batch job.

    A kernel that groups processes by session shares the processor out among sessions first.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ or os.geteuid() != 0:
        return
    niceness = 0 if item.nodeid.startswith(tuple(LABS)) else 10
    os.setpriority(os.PRIO_PROCESS, 0, niceness)
    session = Path("/proc/self/autogroup")
    if niceness and session.exists() and os.getsid(0) != os.getpid():
        os.setsid()
        session.write_text(str(niceness))
