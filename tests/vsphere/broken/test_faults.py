"""What a host refuses: one clear line each, and nothing half-made is left behind."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provider.vsphere import identity
from provider.vsphere.cancel import CancelToken
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.model import HalfMadeError
from tests.vsphere.conftest import OWNER, Driver, Drivers
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import Simulator, connected

NO_SPACE = "<file>[LocalDS_0] w1/w1.vmdk</file><datastore>LocalDS_0</datastore>"
NO_PERMISSION = '<object type="Folder">ha-folder-vm</object><privilegeId>VirtualMachine.Inventory.Create</privilegeId>'


@pytest.fixture
def full_simulator(esxi: Path, tmp_path: Path) -> Iterator[Simulator]:
    simulator = Simulator(esxi, tmp_path / "full", "-datastore-free-gib", "0")
    yield simulator
    simulator.stop()


def test_a_full_datastore_is_one_clear_error_and_nothing_is_left(full_simulator: Simulator, ova: Ova) -> None:
    cancel = CancelToken()
    driver = Driver(connected(full_simulator.endpoint(), cancel), cancel, ova)
    with pytest.raises(VsphereError, match=r"importing image .*: no space left on datastore LocalDS_0; free some"):
        driver.import_image()
    driver.place.session.close()
    assert full_simulator.machines() == {}
    assert full_simulator.folders() == set()


@pytest.mark.parametrize(
    ("kind", "inner", "expected"),
    [
        ("NoDiskSpace", NO_SPACE, "no space left on datastore LocalDS_0; free some space or choose another datastore"),
        ("RestrictedVersion", "", "the host's licence does not allow changes through the API (RestrictedVersion)"),
        ("NoPermission", NO_PERMISSION, "the user lacks the privilege VirtualMachine.Inventory.Create"),
        ("InsufficientResourcesFault", "", "the host has not enough resources"),
        ("NotAFaultThatPyvmomiKnows", "", "the host answered with a fault that cannot be decoded"),
    ],
)
@pytest.mark.parametrize("step", ["MakeDirectory", "CopyVirtualDisk_Task", "CreateVM_Task"])
def test_a_refusal_before_the_machine_exists_is_one_clear_line_and_leaves_nothing(
    simulator: Simulator,
    proxy: FaultProxy,
    log_in: Drivers,
    w1: DesiredMachine,
    step: str,
    kind: str,
    inner: str,
    expected: str,
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    proxy.fault(step, kind, inner)

    with pytest.raises(VsphereError) as caught:
        driver.create(w1)

    assert not isinstance(caught.value, HalfMadeError)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "w1" not in simulator.machines()
    assert len(simulator.folders()) == 1, "the image's"


@pytest.mark.parametrize("step", ["ReconfigVM_Task", "PowerOnVM_Task"])
def test_a_refusal_after_the_machine_exists_keeps_it_marked_and_says_so(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine, step: str
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    proxy.fault(step, "NoDiskSpace", NO_SPACE)

    with pytest.raises(HalfMadeError, match="no space left on datastore LocalDS_0") as caught:
        driver.create(w1)

    assert caught.value.state.instance_uuid == identity.instance_uuid(f"{OWNER}/w1")
    assert simulator.extra_config("w1")["kubelab.owner"] == f"{OWNER}/w1"
    assert driver.update(w1).ready


def test_a_busy_machine_is_asked_again(proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine) -> None:
    driver = log_in(proxy)
    driver.import_image()
    proxy.fault("PowerOnVM_Task", "TaskInProgress", '<task type="Task">task-1</task>', times=2)

    assert driver.create(w1).ready


def test_a_host_that_ignores_nested_virtualization_is_an_error_that_names_it(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    for method in ("CreateVM_Task", "ReconfigVM_Task"):
        proxy.add(Rule(method, Action.REWRITE, times=10, rewrite=_without_nested_virtualization))

    with pytest.raises(HalfMadeError, match="w1: the host did not accept nested virtualization"):
        driver.create(w1)

    assert simulator.facts("w1", "runtime.powerState")["runtime.powerState"] == "poweredOff"


def test_a_host_that_ignored_a_setting_at_creation_is_asked_for_it_again(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    proxy.add(Rule("CreateVM_Task", Action.REWRITE, rewrite=_without_nested_virtualization))

    driver.create(w1)

    assert flag(simulator) is True


@pytest.fixture
def optional(w1: DesiredMachine) -> DesiredMachine:
    """A machine that has nested virtualization where it can be had."""
    return replace(w1, may_lack_nested_virtualization=True)


def flag(simulator: Simulator) -> object:
    return simulator.facts("w1", "config.nestedHVEnabled").get("config.nestedHVEnabled")


def test_what_a_machine_may_lack_is_asked_for_where_the_host_offers_it(
    simulator: Simulator, driver: Driver, optional: DesiredMachine
) -> None:
    driver.import_image()
    assert driver.create(optional).ready
    assert flag(simulator) is True


def test_what_a_machine_may_lack_is_not_asked_for_where_the_host_does_not_offer_it(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, optional: DesiredMachine
) -> None:
    """Such a host would not start the machine."""
    driver = log_in(proxy)
    driver.import_image()
    proxy.add(Rule("RetrievePropertiesEx", Action.REWRITE_ANSWER, times=1000, rewrite=_without_the_capability))
    assert driver.create(optional).ready
    assert flag(simulator) in (None, False)
    boots = simulator.facts("w1", "runtime.bootTime")
    assert driver.update(optional).ready
    assert simulator.facts("w1", "runtime.bootTime") == boots


def test_a_host_that_ignores_what_a_machine_may_lack_makes_it_all_the_same(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, optional: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    for method in ("CreateVM_Task", "ReconfigVM_Task"):
        proxy.add(Rule(method, Action.REWRITE, times=10, rewrite=_without_nested_virtualization))
    assert driver.create(optional).ready
    assert flag(simulator) in (None, False)


def test_a_machine_that_must_have_it_is_asked_for_it_whatever_the_host_says(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    proxy.add(Rule("RetrievePropertiesEx", Action.REWRITE_ANSWER, times=1000, rewrite=_without_the_capability))
    assert driver.create(w1).ready
    assert flag(simulator) is True


def _without_the_capability(answer: bytes) -> bytes:
    return re.sub(rb"(capability\.nestedHVSupported</name><val[^>]*>)true", rb"\1false", answer)


def _without_nested_virtualization(request: bytes) -> bytes:
    return re.sub(rb"<nestedHVEnabled>true</nestedHVEnabled>", b"", request)


def test_an_ova_with_another_checksum_is_refused_before_anything_is_sent(
    simulator: Simulator, driver: Driver, ova: Ova
) -> None:
    with pytest.raises(VsphereError, match=f"its SHA-256 is {ova.sha256}, image.sha256 in the site file is 0000"):
        driver.images.acquire(replace(ova.source, sha256="0" * 64), "user")
    assert simulator.machines() == {}


def test_an_ova_that_is_missing_or_is_none_is_named(driver: Driver, ova: Ova, tmp_path: Path) -> None:
    with pytest.raises(VsphereError, match=r"gone\.ova: No such file or directory; correct image\.ova"):
        driver.images.acquire(replace(ova.source, ova=str(tmp_path / "gone.ova")), "user")
    text = tmp_path / "text.ova"
    text.write_text("no tar")
    digest = hashlib.sha256(b"no tar").hexdigest()
    with pytest.raises(VsphereError, match=r"text\.ova: not an OVA"):
        driver.images.acquire(replace(ova.source, ova=str(text), sha256=digest), "user")


def test_an_image_that_is_gone_from_the_host_says_what_to_do(driver: Driver, w1: DesiredMachine) -> None:
    with pytest.raises(VsphereError, match=r"it is not on datastore LocalDS_0 .*; run pulumi refresh, then up"):
        driver.machines.create(w1, f"{OWNER}/w1", 30)


def test_an_upload_that_breaks_leaves_no_machine(simulator: Simulator, proxy: FaultProxy, log_in: Drivers) -> None:
    for method in ("PUT nfc", "POST nfc"):
        proxy.add(Rule(method, Action.DROP_BEFORE))
    with pytest.raises(VsphereError, match=r"sending .* failed .*; run up again"):
        log_in(proxy).import_image()
    assert simulator.machines() == {}
    assert simulator.folders() == set()
