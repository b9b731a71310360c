"""What every machine of these tests is offered."""

import pytest

from tests.shell.guest.machine import Guest
from tests.shell.node.handlers.releases import URL, archive


@pytest.fixture(autouse=True)
def served(guest: Guest) -> None:
    guest.web(URL, archive())
    # As the guest system's package has it.
    guest.write("/local/sbin/crun", "#!/bin/sh\necho crun\n", mode=0o755)
