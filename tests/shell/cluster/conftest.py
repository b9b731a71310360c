"""What runs in a cluster that is to be proven."""

import pytest

from tests.shell.guest.machine import Guest
from tests.shell.steps import VERIFY


@pytest.fixture
def workload(guest: Guest) -> None:
    """Nodes, and pods that answer."""
    VERIFY.prepare(guest)
