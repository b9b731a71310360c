"""Further disks and cards of clones: on distributed port groups, in the folder that the vCenter chose, and off."""

from dataclasses import replace

import pytest

from provider.vsphere.desired import DesiredMachine
from provider.vsphere.lifecycle.declared import DesiredCard, DesiredDisk
from provider.vsphere.placement import Placement
from tests.vsphere.simulator import NETWORK, Simulator
from tests.vsphere.vcenter.conftest import FULL, LINKED, PORT_GROUP, LogIn, create

DATA = DesiredDisk("data", 1)


@pytest.mark.parametrize("placement", [FULL, LINKED], ids=["full", "linked"])
def test_a_clone_has_disks_and_cards_beside_those_that_it_was_made_with(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine, placement: Placement
) -> None:
    driver = enter(placement)
    on_a_port_group = replace(w1, network=PORT_GROUP, disks=(DATA,), cards=(DesiredCard(PORT_GROUP),))
    create(driver, on_a_port_group)
    names = (PORT_GROUP, NETWORK)

    state = driver.machines.read(_instance(vcenter), "w1", None, names)
    assert state is not None
    assert (state.network, [card.network for card in state.cards]) == (PORT_GROUP, [PORT_GROUP])
    assert dict(state.disks) == {"data": DATA}
    both = (DesiredCard(PORT_GROUP), DesiredCard(NETWORK))
    more = replace(on_a_port_group, disks=(replace(DATA, gib=2),), cards=both)
    driver.update(more)
    devices = _devices(vcenter)
    driver.update(more)

    assert _devices(vcenter) == devices, "by their keys, which an edited or a new one has others of"
    state = driver.machines.read(_instance(vcenter), "w1", None, names)
    assert state is not None
    assert sorted(card.network for card in state.cards) == sorted(names)
    assert state.disks["data"].gib == 2
    assert not driver.update(replace(more, power="off")).powered_on


def _devices(vcenter: Simulator) -> list[int]:
    return [device.key for device in vcenter.facts("w1", "config.hardware.device")["config.hardware.device"]]


def _instance(vcenter: Simulator) -> str:
    return str(vcenter.facts("w1", "config.instanceUuid")["config.instanceUuid"])
