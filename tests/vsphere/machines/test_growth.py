"""Disks that cannot grow: said with the remedy, where it can be known before anything is changed."""

from dataclasses import replace

import pytest

from provider.vsphere.desired import DesiredMachine
from provider.vsphere.model import HalfMadeError
from tests.vsphere.conftest import Drivers, resized
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.simulator import Simulator


@pytest.mark.case("V17")
def test_a_machine_with_snapshots_is_left_as_it_is_when_its_disk_should_grow(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.create(w1)
    simulator.take_snapshot("w1", "monday")
    before = proxy.seen["ReconfigVM_Task"]
    boots = simulator.facts("w1", "runtime.bootTime")

    with pytest.raises(HalfMadeError, match=r"w1: its disk cannot grow to 8 GiB because of its snapshots \(monday\)"):
        driver.update(resized(replace(w1, disk_gib=8), cpus=4))

    assert proxy.seen["ReconfigVM_Task"] == before, "not even what it could have"
    assert simulator.facts("w1", "runtime.bootTime") == boots


@pytest.mark.case("V17")
def test_a_machine_with_snapshots_takes_other_changes(
    simulator: Simulator, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in()
    driver.create(w1)
    simulator.take_snapshot("w1", "monday")
    assert driver.update(resized(w1, cpus=4)).hardware.cpus == 4


@pytest.mark.case("V17")
@pytest.mark.parametrize("fault", ["InvalidDeviceOperation", "NotSupported", "InvalidState"])
def test_growth_that_a_running_machine_is_refused_names_the_remedy(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine, fault: str
) -> None:
    driver = log_in(proxy)
    driver.create(w1)
    grown = replace(w1, disk_gib=8)
    proxy.fault("ReconfigVM_Task", fault)

    with pytest.raises(HalfMadeError, match=r"to grow while the machine runs: shut the machine down on the host, then"):
        driver.update(grown)
    simulator.power_off("w1")

    assert driver.update(grown).disk_gib == 8, "the remedy is one"
