"""How often a server is called for one machine more, when what all have in common was asked for just now."""

from dataclasses import replace

import pytest

from provider.vsphere.desired import DesiredMachine
from provider.vsphere.placement import Placement
from provider.vsphere.recent import Recent
from tests.vsphere.conftest import Driver, Drivers
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.vcenter.conftest import FULL, LINKED, LogIn, create

MOST = 23


def calls_for_one_more(driver: Driver, proxy: FaultProxy, machine: DesiredMachine) -> dict[str, int]:
    """The calls by which a second machine is made; nothing that is shared becomes old, however slow this computer.

    Without the question what changed, which is one for all who wait.
    """
    driver.place.session.recent = Recent(seconds=600)
    create(driver, machine)
    proxy.seen.clear()
    driver.create_alone(replace(machine, name="w2", extra_config={"SET.guest.ipAddress": "10.87.0.12"}))
    return {method: count for method, count in proxy.seen.items() if method != "WaitForUpdatesEx"}


@pytest.mark.parametrize("placement", [FULL, LINKED], ids=["full", "linked"])
def test_one_clone_more_takes_few_calls(
    enter: LogIn, through: FaultProxy, w1: DesiredMachine, placement: Placement
) -> None:
    calls = calls_for_one_more(enter(placement, through), through, w1)
    assert sum(calls.values()) <= MOST, calls


def test_one_machine_more_on_a_host_alone_takes_few_calls(
    log_in: Drivers, proxy: FaultProxy, w1: DesiredMachine
) -> None:
    calls = calls_for_one_more(log_in(proxy), proxy, w1)
    assert sum(calls.values()) <= MOST, calls
