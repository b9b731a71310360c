"""How a run with several processes shares the tests out."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

LAB = "tests/e2e/"


class OneLab(LoadScopeScheduling):  # type: ignore[misc]
    """Any process takes any test, but one takes all of the lab's, in their order and, as they come last, alone."""

    def _split_scope(self, nodeid: str) -> str:
        return LAB if nodeid.startswith(LAB) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """For `--dist loadscope`, as make test runs; the order of the folders is kept by `--no-loadscope-reorder`."""
    return OneLab(config, log) if config.getoption("dist") == "loadscope" else None
