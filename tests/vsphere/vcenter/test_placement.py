"""Where in a vCenter a machine comes to be: what a user names is what it gets, and what is not there is said."""

from dataclasses import replace

import pytest

from provider.vsphere import places
from provider.vsphere.api import collector
from provider.vsphere.api.sdk import vim
from provider.vsphere.cancel import CancelToken
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import GoneError, RefusedError, VsphereError
from provider.vsphere.images.nfc import Lease
from provider.vsphere.placement import Placement
from provider.vsphere.vcenter.inventory import Found
from provider.vsphere.vcenter.networks import network_of
from tests.vsphere.conftest import OWNER
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.shown import TRUE, show, text
from tests.vsphere.simulator import Simulator
from tests.vsphere.vcenter.conftest import (
    CLUSTER,
    DATASTORE_CLUSTER,
    FOLDER,
    FULL,
    HOST,
    LINKED,
    POOL,
    PORT_GROUP,
    LogIn,
    create,
)


def name_of(vcenter: Simulator, ref: object) -> str:
    return str(collector.read(vcenter.place.session, "test", ref, ["name"])["name"])


def test_a_machine_gets_the_datacenter_pool_folder_datastore_and_port_group_that_are_named(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    there = replace(w1, datastore="LocalDS_1", network=PORT_GROUP)
    driver = enter(Placement("DC0", CLUSTER, resource_pool=POOL, folder=FOLDER))
    create(driver, there)

    facts = vcenter.facts("w1", "parent", "resourcePool", "config.hardware.device", "config.files.vmPathName")
    assert name_of(vcenter, facts["parent"]) == "nodes"
    assert name_of(vcenter, facts["resourcePool"]) == POOL
    assert facts["config.files.vmPathName"].startswith("[LocalDS_1] ")
    (card,) = [each for each in facts["config.hardware.device"] if isinstance(each, vim.vm.device.VirtualEthernetCard)]
    assert card.backing.port.portgroupKey == driver.place.network(PORT_GROUP).ref._moId
    assert driver.read(there) is not None
    found = driver.machines.found_for_import("w1", OWNER)
    assert found is not None
    assert (found[0].network, found[0].datastore) == (PORT_GROUP, "LocalDS_1"), "an import has the names of users"
    driver.destroy(there)


@pytest.mark.parametrize("placement", [FULL, LINKED], ids=["full", "linked"])
def test_a_machine_of_a_datastore_cluster_lies_on_one_of_its_datastores_and_is_found_there(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine, placement: Placement
) -> None:
    there = replace(w1, datastore=DATASTORE_CLUSTER)
    driver = enter(replace(placement, host=HOST, cluster=""))
    create(driver, there)
    path = vcenter.facts("w1", "config.files.vmPathName")["config.files.vmPathName"]
    assert path.partition("]")[0] in ("[LocalDS_0", "[LocalDS_1")
    assert name_of(vcenter, vcenter.facts("w1", "runtime.host")["runtime.host"]) == HOST
    assert driver.create_alone(there).instance_uuid == driver.read(there).instance_uuid  # type: ignore[union-attr]
    assert driver.destroy(there) == []
    driver.images.release(driver.ova.sha256, DATASTORE_CLUSTER, "kubelab/test/image", 4 if placement.linked else 0)
    assert vcenter.machines() == {}


@pytest.mark.case("V11")
def test_machines_of_a_datastore_cluster_spread_over_it_though_none_has_written_much_yet(
    vcenter: Simulator, enter: LogIn, through: FaultProxy, w1: DesiredMachine
) -> None:
    show(through, "Datastore", "summary.freeSpace", f'<val xsi:type="xsd:long">{100 * 1024**3}</val>')
    driver = enter(through=through)
    for at, name in enumerate("ab", start=11):
        own = {"SET.guest.ipAddress": f"10.87.0.{at}"}
        create(driver, replace(w1, name=name, datastore=DATASTORE_CLUSTER, extra_config=own))
    paths = [vcenter.facts(name, "config.files.vmPathName")["config.files.vmPathName"] for name in "ab"]
    assert [path.partition("] ")[0] for path in paths] == ["[LocalDS_0", "[LocalDS_1"]


@pytest.mark.parametrize(
    ("placement", "told"),
    [
        (replace(FULL, datacenter="DC9"), r"datacenter DC9: not found in .*, which has: DC0; correct the site file"),
        (Placement(cluster="C9"), r"cluster C9: not found in datacenter DC0 of .*, which has: DC0_C0; correct"),
        (Placement(host="esx9"), r"host esx9: not found in datacenter DC0 of .*, which has: DC0_C0_H0, DC0_C0_H1; "),
        (replace(FULL, resource_pool="p9"), r"resourcePool p9: not found in cluster DC0_C0, which has: lab; correct"),
        (replace(FULL, folder="f9"), r"folder f9: not found in datacenter DC0 of .*, which has: lab, lab/nodes; "),
    ],
)
def test_what_is_not_in_the_inventory_is_named_with_what_is(enter: LogIn, placement: Placement, told: str) -> None:
    place = enter(placement).place
    with pytest.raises(GoneError, match=told):
        _ = (place.folder, place.pool)


@pytest.mark.case("V10")
def test_a_name_with_a_slash_or_one_that_is_there_twice_is_found_by_its_path(vcenter: Simulator, enter: LogIn) -> None:
    root = enter().place.folder
    made = [root.CreateFolder("a/b"), root.CreateFolder("other")]
    nodes = made[1].CreateFolder("nodes")
    try:
        assert enter(replace(FULL, folder="a/b")).place.folder == made[0]
        assert enter(replace(FULL, folder="other/nodes")).place.folder == nodes
        with pytest.raises(VsphereError, match=r"has several of that name; write the path of one of them: lab/nodes"):
            _ = enter(replace(FULL, folder="nodes")).place.folder
    finally:
        for folder in made:
            vcenter.run_task(folder.Destroy_Task())


def test_which_of_several_datacenters_is_meant_has_to_be_said(vcenter: Simulator, enter: LogIn) -> None:
    another = vcenter.content.rootFolder.CreateDatacenter("DC1")
    try:
        with pytest.raises(GoneError, match=r"has DC0, DC1; write which as datacenter below platform.vsphere"):
            _ = enter().place.folder
        assert enter(replace(FULL, datacenter="DC0")).place.folder == vcenter.place.folder
    finally:
        vcenter.run_task(another.Destroy_Task())


def test_what_the_hosts_do_not_have_is_named_with_what_they_have(enter: LogIn) -> None:
    place = enter().place
    with pytest.raises(GoneError, match=r"datastore ds9: not found in cluster DC0_C0, which has: .*LocalDS_0, "):
        place.datastore("ds9")
    with pytest.raises(GoneError, match=r"network n9: not found in cluster DC0_C0, which has: DC0_DVPG0, .*VM Network"):
        place.network("n9")


@pytest.mark.case("V14")
@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("config.uplink", TRUE, "this is a port group of uplinks, which are no machine's"),
        ("config.backingType", text("nsx"), "this is a segment of NSX, whose ports kubelab cannot give"),
    ],
)
def test_a_port_group_that_is_no_machines_is_refused_by_its_kind(
    enter: LogIn, through: FaultProxy, path: str, value: str, told: str
) -> None:
    show(through, "DistributedVirtualPortgroup", path, value)
    with pytest.raises(VsphereError, match=f"network {PORT_GROUP} of .*: {told}"):
        enter(through=through).place.network(PORT_GROUP)


@pytest.mark.case("V14")
def test_an_opaque_network_is_refused_by_its_kind(enter: LogIn) -> None:
    opaque = Found(vim.OpaqueNetwork("network-1", None), "segment", {"name": "segment"})
    with pytest.raises(VsphereError, match=r"network segment: this is an opaque network \(NSX\), whose ports"):
        network_of(enter().place.session, "network segment", opaque)


def test_keys_of_a_vcenter_are_refused_by_a_host_alone_before_the_password_is_sent(
    simulator: Simulator, proxy: FaultProxy
) -> None:
    for placement in (FULL, Placement(folder="lab"), Placement(linked=True)):
        place = places.connected(simulator.endpoint(port=proxy.port), placement, CancelToken())
        with pytest.raises(RefusedError, match=r"this is VMware ESXi .*, no vCenter, but platform.vsphere of the site"):
            _ = place.folder
    assert not proxy.seen["Login"]


def test_a_disk_goes_to_the_host_of_the_lease_only_if_its_certificate_is_the_one_that_the_vcenter_names(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = Lease.wait_until_ready
    seen: list[str] = []

    def other_thumbprint(lease: Lease) -> object:
        info = wait(lease)
        for device in info.deviceUrl:
            seen.append(device.url)
            device.sslThumbprint = ":".join(["AB"] * 20)
        return info

    driver = enter()
    monkeypatch.setattr(Lease, "wait_until_ready", other_thumbprint)
    with pytest.raises(VsphereError, match=r"its certificate has the thumbprint .*, and the vCenter says AB:AB"):
        create(driver, w1)
    assert seen
    assert not any(f":{vcenter.port}/" in url for url in seen), "it is another server than the vCenter"
    monkeypatch.undo()
    create(enter(), w1)
