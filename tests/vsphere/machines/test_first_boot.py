"""The pure parts: first-boot data, identities, what an image must be."""

from dataclasses import replace

import pytest

from provider.vsphere import identity, spec
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.making import cloudinit
from provider.vsphere.model import Disk, ObservedMachine
from tests.vsphere.conftest import resized

GIB = 1024**3


@pytest.fixture
def found(w1: DesiredMachine) -> ObservedMachine:
    """w1 as the host shows it when all is well."""
    return ObservedMachine(
        moid="7",
        name="w1",
        instance_uuid="",
        power_state="poweredOn",
        hardware=w1.hardware,
        vmx_path="[LocalDS_0] w1-uuid/w1.vmx",
        guest_id="debian12_64Guest",
        firmware="efi",
        hardware_version="vmx-20",
        controller_kind="ParaVirtualSCSIController",
        disks=(Disk(2000, 1000, 0, "[LocalDS_0] w1-uuid/w1.vmdk", 4 * GIB),),
        mac="00:0c:29:00:00:01",
        network="VM Network",
        addresses=("10.87.0.11",),
        tools="guestToolsRunning",
        seen_macs=("00:0c:29:00:00:01",),
        extra_config=dict(w1.extra_config),
    )


def test_hardware_too_old_for_nesting_is_refused(found: ObservedMachine, w1: DesiredMachine) -> None:
    old = replace(found, hardware_version="vmx-08", disks=())
    with pytest.raises(VsphereError, match="hardware version vmx-08, nested virtualization needs vmx-09 or newer"):
        spec.check_hardware(w1, old)
    spec.check_hardware(resized(w1, nested_virtualization=False), old)


def test_first_boot_data_that_a_host_would_cut_off_is_refused(w1: DesiredMachine) -> None:
    with pytest.raises(VsphereError, match=r"guestinfo\.userdata has \d+ bytes, at most 65536 fit"):
        cloudinit.guestinfo(replace(w1, host_key_private="x" * 60_000), "uuid")


def test_the_private_host_key_is_in_no_repr(w1: DesiredMachine) -> None:
    assert "the-private-host-key" not in repr(w1)


def test_an_identity_is_the_same_every_time_and_differs_by_owner_and_name() -> None:
    uuids = {identity.instance_uuid(identity.marker(owner, name)) for owner in ("a/b", "a/c") for name in ("w1", "w2")}
    assert len(uuids) == 4
    assert identity.instance_uuid("a/b/w1") == identity.instance_uuid("a/b/w1")


def test_a_mark_only_counts_for_the_uuid_that_belongs_to_it() -> None:
    ours = identity.instance_uuid("a/b/w1")
    assert identity.is_ours(ours, {identity.OWNER_KEY: "a/b/w1"})
    assert not identity.is_ours(ours, {identity.OWNER_KEY: "a/b/w2"})
    assert not identity.is_ours(ours, {})
