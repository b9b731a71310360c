"""Machines that the host lists and cannot read: never foreign, never gone, never made a second time."""

import re
from collections.abc import Callable

import pytest

from provider.vsphere import files, paths
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import UnreadableError
from provider.vsphere.identity import base_name
from tests.vsphere.conftest import IMAGE_USER, Driver, Drivers
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulator import DATASTORE, Simulator

MANY = 1000
CONFIGURATION = re.compile(rb"<propSet><name>config\.[^<]*</name>.*?</propSet>", re.DOTALL)
NAME = re.compile(rb"(<propSet><name>name</name><val [^>]*>)w1(</val>)")
CHANGES = {"RegisterVM_Task", "CreateVM_Task", "ReconfigVM_Task", "Destroy_Task", "DeleteDatastoreFile_Task"}


def shown_as(state: str, path: bytes = b"") -> Callable[[bytes], bytes]:
    """What the host answers of all machines when it cannot read them: no configuration, and perhaps no name."""

    def rewrite(answer: bytes) -> bytes:
        lost = CONFIGURATION.sub(b"", answer).replace(b">connected</val>", f">{state}</val>".encode())
        return NAME.sub(rb"\g<1>" + path + rb"\g<2>", lost) if path else lost

    return rewrite


@pytest.fixture
def lose(proxy: FaultProxy, log_in: Drivers) -> Callable[..., Driver]:
    """A driver for which the host has lost sight of all machines' configuration."""

    def lost(state: str, *, found: bool = True, path: bytes = b"") -> Driver:
        proxy.add(Rule("RetrievePropertiesEx", Action.REWRITE_ANSWER, MANY, rewrite=shown_as(state, path)))
        if not found:
            nothing = re.compile(rb"<returnval .*?</returnval>", re.DOTALL)
            for method in ("FindByUuid", "FindChild"):
                proxy.add(Rule(method, Action.REWRITE_ANSWER, MANY, rewrite=lambda answer: nothing.sub(b"", answer)))
        return log_in(proxy)

    return lost


@pytest.mark.case("V6")
@pytest.mark.parametrize("step", ["create", "read", "update", "destroy"])
@pytest.mark.parametrize("state", ["disconnected", "inaccessible", "orphaned", "invalid"])
def test_a_machine_of_ours_that_cannot_be_read_is_neither_foreign_nor_gone(
    proxy: FaultProxy, driver: Driver, w1: DesiredMachine, lose: Callable[..., Driver], state: str, step: str
) -> None:
    driver.create(w1)
    blind = lose(state)

    with pytest.raises(
        UnreadableError, match=rf"machine w1: .* as {state}: whose it is cannot be read, so nothing was"
    ):
        blind.machines.create(w1, "kubelab/test/w1", 1) if step == "create" else getattr(blind, step)(w1)

    assert not CHANGES & set(proxy.seen)


@pytest.mark.case("V6")
@pytest.mark.parametrize("path", [b"", b"/vmfs/volumes/1/w1-46a5a5a5/w1.vmx"])
def test_a_machine_that_the_host_finds_by_nothing_is_still_not_gone(
    proxy: FaultProxy, driver: Driver, w1: DesiredMachine, lose: Callable[..., Driver], path: bytes
) -> None:
    """An ESXi host shows the path of an inaccessible machine as its name, and finds it by no UUID."""
    driver.create(w1)
    blind = lose("inaccessible", found=False, path=path)

    with pytest.raises(UnreadableError, match="make its datastore accessible again"):
        blind.read(w1)

    assert not CHANGES & set(proxy.seen)


@pytest.mark.case("V6")
def test_an_image_that_cannot_be_read_is_not_imported_a_second_time(
    proxy: FaultProxy, driver: Driver, lose: Callable[..., Driver]
) -> None:
    driver.import_image()
    for found in (True, False):
        with pytest.raises(UnreadableError, match="as inaccessible"):
            lose("inaccessible", found=found).import_image()
        with pytest.raises(UnreadableError, match="as inaccessible"):
            lose("inaccessible", found=found).images.release(driver.ova.sha256, DATASTORE, IMAGE_USER)
    assert proxy.seen["ImportVApp"] == 0
    assert not CHANGES & set(proxy.seen)


@pytest.mark.case("V6")
def test_a_folder_of_another_host_with_the_image_is_left_alone_and_another_is_taken(
    simulator: Simulator, driver: Driver
) -> None:
    """Two hosts have this datastore; the other one keeps its base machine in the folder of that name."""
    folder = base_name(driver.ova.sha256)
    files.make_directory(simulator.place, paths.path(DATASTORE, folder))
    theirs = simulator.write_file(folder, f"{folder}.vmx", b"of the other host")

    imported = driver.import_image()

    assert theirs.read_bytes() == b"of the other host"
    assert f"/{folder}.vmx" not in imported.disk_path
    assert imported.disk_path.startswith(f"[{DATASTORE}] {folder}-{simulator.place.identity}/")
    driver.images.release(driver.ova.sha256, DATASTORE, IMAGE_USER)
    assert simulator.folders() == {folder}
    assert theirs.read_bytes() == b"of the other host"
