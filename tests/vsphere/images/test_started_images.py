"""Base machines that somebody started: what their guest wrote would be in every copy."""

import pytest

from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from tests.vsphere.conftest import IMAGE_USER, Driver, Drivers
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.shown import replace_in
from tests.vsphere.simulator import DATASTORE, Simulator

OTHER_USER = "another/stack/image"


def start_once(simulator: Simulator) -> str:
    """Somebody starts the base machine, and stops it again; its name."""
    (base,) = (name for name in simulator.machines() if name.startswith("kubelab-base-"))
    simulator.wait_for_another_second()
    simulator.power_on(base)
    simulator.power_off(base)
    return base


@pytest.mark.case("V5")
def test_no_machine_is_made_of_a_base_machine_that_was_started(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.import_image()
    base = start_once(simulator)

    with pytest.raises(VsphereError, match=rf"image {base}: .* it was started or changed since it was imported"):
        driver.machines.create(w1, "kubelab/test/w1", 30)

    assert set(simulator.machines()) == {base}
    assert simulator.folders() == {base}


@pytest.mark.case("V5")
def test_a_base_machine_whose_disk_was_written_to_is_not_copied(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    disk = driver.import_image().disk_path
    folder, _, file = disk.partition("] ")[2].rpartition("/")
    simulator.wait_for_another_second()
    simulator.write_file(folder, file, b"its machine-id")

    with pytest.raises(VsphereError, match=f"its file {file} is not the one of the import any more"):
        driver.machines.create(w1, "kubelab/test/w1", 30)


@pytest.mark.case("V5")
def test_an_image_that_was_started_is_missed_by_a_refresh_and_imported_anew(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.import_image()
    driver.import_image(OTHER_USER)
    base = start_once(simulator)
    before = simulator.machines()[base]._moId

    assert driver.images.find(driver.ova.sha256, DATASTORE, IMAGE_USER) is None
    assert driver.create(w1).ready

    assert simulator.machines()[base]._moId != before
    assert driver.images.find(driver.ova.sha256, DATASTORE, OTHER_USER) is not None, "the other user is noted still"


@pytest.mark.case("V5")
def test_a_base_machine_that_runs_is_left_running_and_the_user_told(simulator: Simulator, driver: Driver) -> None:
    driver.import_image()
    (base,) = simulator.machines()
    simulator.power_on(base)

    with pytest.raises(VsphereError, match="is powered on; power it off, then run up again, which imports it anew"):
        driver.import_image(OTHER_USER)

    assert str(simulator.facts(base, "runtime.powerState")["runtime.powerState"]) == "poweredOn"


@pytest.mark.case("V5")
def test_users_who_come_and_go_change_nothing_of_an_image(simulator: Simulator, driver: Driver) -> None:
    driver.import_image()
    simulator.wait_for_another_second()
    driver.import_image(OTHER_USER)
    driver.images.release(driver.ova.sha256, DATASTORE, OTHER_USER)
    assert driver.images.find(driver.ova.sha256, DATASTORE, IMAGE_USER) is not None


@pytest.mark.case("V5")
def test_an_image_that_an_earlier_version_imported_is_used(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.import_image()
    (base,) = simulator.machines()
    simulator.set_extra_config(base, kubelab__content="")
    assert driver.create(w1).ready


@pytest.mark.case("V5")
def test_an_image_of_a_host_that_says_no_times_of_files_is_imported_once(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers
) -> None:
    for method in ("RetrievePropertiesEx", "WaitForUpdatesEx"):
        replace_in(proxy, method, "<modification>[^<]*</modification>", "")
    driver = log_in(proxy)
    driver.import_image()
    (base,) = simulator.machines()
    noted = simulator.extra_config(base)["kubelab.content"]
    assert noted.endswith("vmware.log|"), "no times"
    moid = simulator.machines()[base]._moId
    driver.import_image(OTHER_USER)
    assert simulator.machines()[base]._moId == moid
    assert driver.images.find(driver.ova.sha256, DATASTORE, IMAGE_USER) is not None
