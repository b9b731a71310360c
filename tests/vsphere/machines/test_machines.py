"""The life of a machine on a host where nothing goes wrong."""

import base64
import threading
from dataclasses import replace
from ipaddress import IPv4Network

import pytest
import yaml

from provider.vsphere import files, identity
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import GoneError, VsphereError
from provider.vsphere.model import HalfMadeError
from tests.vsphere.conftest import OWNER, Driver, resized
from tests.vsphere.simulator import DATASTORE, Simulator

UNSET: set[str] = set()


def test_a_created_machine_is_what_was_asked_for_and_runs(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    state = driver.create(w1)

    facts = simulator.facts(
        "w1",
        "config.hardware.numCPU",
        "config.hardware.memoryMB",
        "config.nestedHVEnabled",
        "config.instanceUuid",
        "runtime.powerState",
    )
    assert facts["config.hardware.numCPU"] == 2
    assert facts["config.hardware.memoryMB"] == 1024
    assert facts["config.nestedHVEnabled"] is True
    assert facts["runtime.powerState"] == "poweredOn"
    assert facts["config.instanceUuid"] == state.instance_uuid == identity.instance_uuid("kubelab/test/w1")
    assert state.address == "10.87.0.11"
    assert state.moid == simulator.machines()["w1"]._moId
    assert state.disk_gib == 4
    assert state.ready


def test_a_machine_carries_its_owner_and_the_users_extra_config(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)

    extra = simulator.extra_config("w1")
    assert extra["kubelab.owner"] == f"{OWNER}/w1"
    assert extra["kubelab.phase"] == "ready"
    assert extra["user.note"] == "passed through"


def test_a_machines_first_boot_data_is_base64_cloud_config_with_the_host_key(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)

    extra = simulator.extra_config("w1")
    assert extra["guestinfo.metadata.encoding"] == extra["guestinfo.userdata.encoding"] == "base64"
    metadata = yaml.safe_load(base64.b64decode(extra["guestinfo.metadata"]))
    userdata = base64.b64decode(extra["guestinfo.userdata"]).decode()
    assert metadata["instance-id"] == identity.instance_uuid("kubelab/test/w1")
    assert metadata["local-hostname"] == "w1"
    assert "network" not in metadata
    assert userdata.startswith("#cloud-config\n")
    config = yaml.safe_load(userdata)
    assert config["ssh_deletekeys"] is True
    assert config["locale"] is False
    assert "the-private-host-key" in config["ssh_keys"]["ed25519_private"]
    assert config["users"][0]["ssh_authorized_keys"] == ["ssh-ed25519 AAAAuser lab"]


def test_ten_machines_are_created_at_once_from_one_import(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    wanted = [
        replace(w1, name=f"n{number}", extra_config={"SET.guest.ipAddress": f"10.87.0.{100 + number}"})
        for number in range(10)
    ]
    addresses: dict[str, str | None] = {}
    threads = [
        threading.Thread(target=lambda one=one: addresses.update({one.name: driver.create(one).address}))
        for one in wanted
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert addresses == {f"n{number}": f"10.87.0.{100 + number}" for number in range(10)}
    assert len(simulator.machines()) == 11, "ten machines and one base machine"
    assert sum("importing" in message for message in driver.progress) == 1


def test_more_memory_is_a_power_cycle_of_the_same_machine(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    created = driver.create(w1)
    booted = simulator.facts("w1", "runtime.bootTime", "summary.runtime.bootTime")

    updated = driver.update(resized(w1, memory_mib=2048, cpus=4))

    assert (updated.hardware.memory_mib, updated.hardware.cpus) == (2048, 4)
    assert (updated.moid, updated.instance_uuid) == (created.moid, created.instance_uuid)
    assert updated.powered_on
    assert updated.address == "10.87.0.11"
    assert simulator.facts("w1", "runtime.bootTime", "summary.runtime.bootTime") != booted


def test_extra_config_and_a_larger_disk_change_without_a_power_cycle(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    driver.progress.clear()

    extra = {"SET.guest.ipAddress": "10.87.0.11", "user.other": "new"}
    updated = driver.update(replace(w1, disk_gib=6, extra_config=extra), {"user.note"})

    assert updated.disk_gib == 6
    assert "user.note" not in updated.extra_config
    assert updated.extra_config["user.other"] == "new"
    assert not any("power" in message for message in driver.progress)
    assert simulator.facts("w1", "runtime.powerState")["runtime.powerState"] == "poweredOn"


def test_a_machine_that_was_switched_off_is_switched_on_by_an_update(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    simulator.power_off("w1")
    off = driver.read(w1)
    assert off is not None
    assert not off.powered_on

    assert driver.update(w1).powered_on


def test_reading_reports_what_somebody_changed(simulator: Simulator, driver: Driver, w1: DesiredMachine) -> None:
    driver.create(w1)
    simulator.reconfigure("w1", memoryMB=4096, numCPUs=8)

    state = driver.read(w1)

    assert state is not None
    assert (state.hardware.memory_mib, state.hardware.cpus) == (4096, 8)


def test_a_destroyed_machine_leaves_no_machine_and_no_folder(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    assert len(simulator.folders()) == 2

    driver.destroy(w1)
    driver.images.release(driver.ova.sha256, DATASTORE, f"{OWNER}/image")

    assert simulator.machines() == {}
    assert simulator.folders() == UNSET


def test_destroying_and_reading_a_machine_that_is_gone_is_no_error(driver: Driver, w1: DesiredMachine) -> None:
    driver.create(w1)
    driver.destroy(w1)

    driver.destroy(w1)
    assert driver.read(w1) is None


def test_updating_a_machine_that_is_gone_says_what_to_do(driver: Driver, w1: DesiredMachine) -> None:
    driver.import_image()
    with pytest.raises(GoneError, match=r"w1: it is not on .* any more; run pulumi refresh, then up"):
        driver.update(w1)


def test_destroying_keeps_a_disk_that_the_machine_did_not_come_with(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    simulator.attach_new_disk("w1", "volumes", "data.vmdk")

    driver.destroy(w1)

    assert files.exists(simulator.place, simulator.place.datastore(DATASTORE), "volumes")
    assert simulator.has_file("volumes", "data.vmdk")


def test_a_guest_without_address_ends_in_an_error_with_the_evidence(
    simulator: Simulator, driver: Driver, silent: DesiredMachine
) -> None:
    with pytest.raises(HalfMadeError) as caught:
        driver.create(silent, seconds=2)

    message = str(caught.value)
    assert "waiting for an address of silent in 10.87.0.0/24: not done after 2 s" in message
    assert "power state poweredOn" in message
    assert "VMware Tools guestToolsNotRunning" in message
    mac = caught.value.state.mac
    assert mac is not None
    assert mac in message
    assert simulator.extra_config("silent")["kubelab.owner"] == f"{OWNER}/silent"


def test_an_address_outside_the_machine_network_is_not_taken(driver: Driver, w1: DesiredMachine) -> None:
    elsewhere = replace(w1, machine_network=IPv4Network("192.168.50.0/24"))
    with pytest.raises(HalfMadeError, match=r"addresses of our NIC 10\.87\.0\.11; correct addresses\.network"):
        driver.create(elsewhere, seconds=2)


def test_an_unfinished_machine_is_finished_by_an_update(driver: Driver, silent: DesiredMachine) -> None:
    with pytest.raises(HalfMadeError):
        driver.create(silent, seconds=2)

    finished = driver.update(replace(silent, extra_config={"SET.guest.ipAddress": "10.87.0.12"}))

    assert finished.ready
    assert finished.address == "10.87.0.12"


def test_a_disk_smaller_than_the_images_is_refused_before_anything_is_made(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.import_image()
    before = simulator.folders()
    with pytest.raises(VsphereError, match="diskGiB is 0, the image's disk has 1 GiB and disks cannot shrink"):
        driver.create(replace(w1, disk_gib=0))
    assert simulator.folders() == before


def test_a_missing_datastore_or_network_is_named_with_those_that_exist(driver: Driver, w1: DesiredMachine) -> None:
    with pytest.raises(VsphereError, match=r"datastore nowhere: not found on .*, which has: LocalDS_0"):
        driver.create(replace(w1, datastore="nowhere"))
    with pytest.raises(VsphereError, match=r"network nowhere: not found on .*, which has: VM Network"):
        driver.create(replace(w1, network="nowhere"))
