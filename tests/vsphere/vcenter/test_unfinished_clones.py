"""Clones that a run left before their root disk was noted: what they came with ends with them, and nothing else."""

from dataclasses import replace

import pytest

from provider.vsphere import identity, paths
from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import CancelledError
from tests.vsphere.conftest import OWNER
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.simulator import DATASTORE, Simulator
from tests.vsphere.vcenter.conftest import LogIn, source

MARK = f"{OWNER}/w1"
FOLDER = paths.directory("w1", identity.instance_uuid(MARK))


@pytest.fixture
def unfinished(vcenter: Simulator, enter: LogIn, through: FaultProxy, w1: DesiredMachine) -> None:
    """A clone without its name, whose disk the vCenter called otherwise than its folder."""
    killed = enter(through=through)
    killed.images.acquire(source(killed, w1), "user")
    through.when("CloneVM_Task", killed.abandon)
    with pytest.raises(CancelledError):
        killed.create_alone(w1)
    disk = vcenter.detach_disk(FOLDER, f"{FOLDER}.vmdk")
    here = (disk.backing.fileName, vcenter.place.datacenter)
    there = (f"[{DATASTORE}] {FOLDER}/another.vmdk", vcenter.place.datacenter)
    vcenter.run_task(vcenter.content.virtualDiskManager.MoveVirtualDisk_Task(*here, *there, False))
    disk.backing.fileName = there[0]
    vcenter.reconfigure(FOLDER, deviceChange=[vim.vm.device.VirtualDeviceSpec(operation="add", device=disk)])


@pytest.mark.case("V1")
@pytest.mark.usefixtures("unfinished")
def test_an_unfinished_clone_of_other_things_is_made_anew_whatever_its_disk_is_called(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    assert enter().create_alone(replace(w1, ssh_public_key="ssh-ed25519 AAAAother lab")).ready
    assert vcenter.machines_with_mark(MARK) == ["w1"]
    assert not vcenter.has_file(FOLDER, "another.vmdk")


@pytest.mark.case("V2")
@pytest.mark.usefixtures("unfinished")
def test_destroying_an_unfinished_clone_takes_its_disk_and_keeps_a_users(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    vcenter.attach_new_disk(FOLDER, FOLDER, "users.vmdk")
    enter().destroy(w1)
    assert vcenter.has_file(FOLDER, "users.vmdk")
    assert not vcenter.has_file(FOLDER, "another.vmdk")
