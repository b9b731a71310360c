"""A machine's life in a vCenter: imported, made a template, cloned, changed, destroyed."""

from dataclasses import replace

import pytest

from provider.vsphere.desired import DesiredMachine
from provider.vsphere.placement import Placement
from tests.vsphere.conftest import OWNER, resized
from tests.vsphere.simulator import DATASTORE, Simulator
from tests.vsphere.vcenter.conftest import FULL, LINKED, LogIn, create, source

USER = "kubelab/test/image"


@pytest.mark.parametrize("placement", [FULL, LINKED], ids=["full", "linked"])
def test_a_machine_is_cloned_of_a_template_changed_and_destroyed_with_it(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine, placement: Placement
) -> None:
    driver = enter(placement)
    state = create(driver, w1)

    base = next(name for name in vcenter.machines() if name.startswith("kubelab-base-"))
    assert base.endswith("-4g") is placement.linked, "linked clones have a base with a disk of their size"
    assert vcenter.facts(base, "config.template")["config.template"] is True
    assert state.address == "10.87.0.11"
    assert state.hardware == w1.hardware
    assert state.disk_gib == w1.disk_gib
    assert driver.machines.found_for_import(state.moid, OWNER) is not None
    facts = vcenter.facts("w1", "config.hardware.device", "config.files.vmPathName", "config.annotation")
    (backing,) = [device.backing for device in facts["config.hardware.device"] if hasattr(device.backing, "diskMode")]
    folder = f"[{DATASTORE}] w1-{state.instance_uuid}/"
    assert backing.fileName.startswith(folder)
    assert facts["config.files.vmPathName"].startswith(folder), "its folder says whose it is, as on a host alone"
    parent = backing.parent.fileName if backing.parent else ""
    assert parent.startswith(f"[{DATASTORE}] {base}/") is placement.linked
    assert "kubelab/test/w1" in facts["config.annotation"], "people see whose it is"
    assert vcenter.extra_config("w1")["kubelab.phase"] == "ready"

    assert driver.update(resized(w1, cpus=4)).hardware.cpus == 4
    assert driver.read(w1) is not None
    assert driver.destroy(w1) == []
    assert driver.read(w1) is None
    driver.images.release(driver.ova.sha256, DATASTORE, USER, 4 if placement.linked else 0)
    assert vcenter.machines() == {}
    assert vcenter.folders() == set()


def test_a_full_clones_disk_grows_and_a_linked_ones_says_why_it_does_not(enter: LogIn, w1: DesiredMachine) -> None:
    driver = enter()
    create(driver, w1)
    assert driver.update(replace(w1, disk_gib=5)).disk_gib == 5
    driver.destroy(w1)

    linked = enter(LINKED)
    create(linked, w1)
    with pytest.raises(Exception, match=r"cannot grow to 5 GiB, for it is a linked clone, which reads .*kubelab-base"):
        linked.update(replace(w1, disk_gib=5))


def test_a_second_stack_shares_the_template_and_the_last_one_removes_it(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    driver = enter(LINKED)
    one = driver.images.acquire(source(driver, w1), "one")
    assert enter(LINKED).images.acquire(source(driver, w1), "another") == one
    (base,) = vcenter.machines()
    driver.images.release(driver.ova.sha256, DATASTORE, "one", 4)
    assert vcenter.facts(base, "config.template")["config.template"] is True, "a template as before"
    assert driver.images.find(driver.ova.sha256, DATASTORE, "another", 4) is not None
    driver.images.release(driver.ova.sha256, DATASTORE, "another", 4)
    assert vcenter.machines() == {}


def test_a_template_that_linked_clones_read_outlives_its_last_user(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    driver = enter(LINKED)
    create(driver, w1)
    driver.images.release(driver.ova.sha256, DATASTORE, USER, 4)
    assert len(vcenter.machines()) == 2
    assert any("machines are there that read its disk: w1" in line for line in driver.progress)
    driver.destroy(w1)
