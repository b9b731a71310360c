"""Faults of clones: an answer that is lost, a name that is taken, what an interrupted run or somebody else left."""

from dataclasses import replace

import pytest

from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import CancelledError, ForeignError, VsphereError
from provider.vsphere.images.templates import is_template
from provider.vsphere.machine import Machine
from provider.vsphere.placement import Placement
from tests.vsphere.conftest import OWNER, Driver
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulator import DATASTORE, Simulator
from tests.vsphere.vcenter.conftest import FULL, LINKED, LogIn, create, source

MARK = f"{OWNER}/w1"


def lost_task(answer: bytes) -> bytes:
    return answer.replace(b">task-", b">task-9999999")


@pytest.mark.parametrize("placement", [FULL, LINKED], ids=["full", "linked"])
@pytest.mark.parametrize(
    "rule",
    [
        Rule("CloneVM_Task", Action.DROP_BEFORE),
        Rule("CloneVM_Task", Action.DROP_AFTER),
        Rule("CloneVM_Task", Action.UNAVAILABLE),
        Rule("CloneVM_Task", Action.REWRITE_ANSWER, rewrite=lost_task),
    ],
    ids=["before", "after", "503", "lost task"],
)
def test_a_clone_whose_answer_is_lost_ends_with_exactly_one_machine(
    vcenter: Simulator, enter: LogIn, through: FaultProxy, w1: DesiredMachine, rule: Rule, placement: Placement
) -> None:
    enter(placement).images.acquire(source(enter(placement), w1), "user")
    driver = enter(placement, through)
    through.add(replace(rule))
    state = driver.create_alone(w1)
    assert through.left("CloneVM_Task") == 0
    assert state.address == "10.87.0.11"
    assert vcenter.machines_with_mark(MARK) == ["w1"]
    assert len(vcenter.machines()) == 2, "the machine and its template"
    assert vcenter.extra_config("w1")["kubelab.disk"].endswith(".vmdk")


def test_a_run_that_ended_between_clone_and_name_is_finished_by_the_next(
    vcenter: Simulator, enter: LogIn, through: FaultProxy, w1: DesiredMachine
) -> None:
    killed = enter(through=through)
    killed.images.acquire(source(killed, w1), "user")
    through.when("CloneVM_Task", killed.abandon)
    with pytest.raises(CancelledError):
        killed.create_alone(w1)
    state = enter().create_alone(w1)
    assert state.ready
    assert vcenter.machines_with_mark(MARK) == ["w1"]


@pytest.mark.case("V5")
def test_a_template_that_was_converted_and_started_is_imported_anew(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    driver = enter()
    create(driver, w1)
    base, moid = convert_and_start(vcenter, driver)
    create(driver, w1)
    assert vcenter.machines()[base]._moId != moid
    driver.destroy(w1)


@pytest.mark.case("V5")
def test_linked_clones_are_made_of_what_was_before_their_template_was_started(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    driver = enter(LINKED)
    driver.images.acquire(source(driver, w1), "user")
    base, moid = convert_and_start(vcenter, driver)
    vcenter.take_snapshot(base, "after the start")
    create(driver, w1)
    assert vcenter.machines()[base]._moId == moid
    (backing,) = [
        device.backing
        for device in vcenter.facts("w1", "config.hardware.device")["config.hardware.device"]
        if isinstance(device, vim.vm.device.VirtualDisk)
    ]
    assert backing.parent.parent is None, "it reads the disk of the first snapshot, below all that was written since"


@pytest.mark.case("V5")
def test_a_template_whose_snapshot_is_gone_is_imported_anew_unless_clones_read_it(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    driver = enter(LINKED)
    create(driver, w1)
    (base,) = vcenter.machines().keys() - {"w1"}
    vcenter.machines()[base].MarkAsVirtualMachine(driver.place.pool, None)
    vcenter.run_task(vcenter.machines()[base].RemoveAllSnapshots_Task(True))
    with pytest.raises(VsphereError, match=r"snapshot kubelab, of which .*, is gone: it was started or changed"):
        create(driver, w1)
    driver.destroy(w1)
    create(driver, w1)
    assert vcenter.facts(base, "config.template")["config.template"] is True


@pytest.mark.case("V5")
def test_a_template_for_linked_clones_that_an_earlier_version_noted_is_used(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    driver = enter(LINKED)
    driver.images.acquire(source(driver, w1), "user")
    (base,) = vcenter.machines()
    noted = vcenter.extra_config(base)["kubelab.content"]
    earlier = "; ".join(entry for entry in noted.split("; ") if entry.endswith("|"))
    assert noted == f"frozen; {earlier}"
    machine = vcenter.machines()[base]
    machine.MarkAsVirtualMachine(driver.place.pool, None)
    vcenter.set_extra_config(base, kubelab__content=earlier)
    machine.MarkAsTemplate()
    assert driver.images.find(driver.ova.sha256, DATASTORE, "user", 4) is not None


def convert_and_start(vcenter: Simulator, driver: Driver) -> tuple[str, str]:
    """As somebody would who wants to look at a template; its name and its moid."""
    (base,) = vcenter.machines().keys() - {"w1"}
    vcenter.machines()[base].MarkAsVirtualMachine(driver.place.pool, None)
    vcenter.wait_for_another_second()
    vcenter.write_file(base, "vmware.log", b"started")
    return base, vcenter.machines()[base]._moId


@pytest.mark.case("V1")
def test_a_machine_that_was_taken_out_of_the_inventory_is_registered_again(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    driver = enter()
    state = create(driver, w1)
    folder = f"w1-{state.instance_uuid}"
    vcenter.unregister("w1")
    vcenter.write_file(folder, "notes.txt", b"somebody's")
    again = driver.create_alone(w1)
    assert again.instance_uuid == state.instance_uuid
    assert vcenter.read_file(folder, "notes.txt") == b"somebody's"
    assert driver.destroy(w1) == ["notes.txt"]
    assert vcenter.has_file(folder, "notes.txt")
    vcenter.content.fileManager.DeleteDatastoreFile_Task(f"[{DATASTORE}] {folder}", driver.place.datacenter)


def test_a_machine_of_that_name_that_is_somebodys_is_left_alone_and_nothing_is_cloned(
    vcenter: Simulator, enter: LogIn, through: FaultProxy, w1: DesiredMachine
) -> None:
    driver = enter(through=through)
    driver.images.acquire(source(driver, w1), "user")
    vcenter.create_foreign("w1")
    with pytest.raises(ForeignError, match=r"w1: .* has a machine of that name or instance UUID that kubelab did not"):
        driver.create_alone(w1)
    assert through.seen["CloneVM_Task"] == 0
    assert "kubelab.owner" not in vcenter.extra_config("w1")


def test_a_name_that_is_taken_while_the_machine_is_cloned_is_said_and_the_next_run_goes_on(
    vcenter: Simulator, enter: LogIn, through: FaultProxy, w1: DesiredMachine
) -> None:
    driver = enter(through=through)
    driver.images.acquire(source(driver, w1), "user")
    through.when("CloneVM_Task", lambda: vcenter.create_foreign("w1"))
    with pytest.raises(VsphereError, match=r"configuring machine w1: DuplicateName"):
        driver.create_alone(w1)
    vcenter.run_task(vcenter.machines()["w1"].Destroy_Task())
    assert enter().create_alone(w1).ready
    assert vcenter.machines_with_mark(MARK) == ["w1"]


def test_a_clone_that_is_not_linked_as_it_should_be_is_removed_and_said(
    vcenter: Simulator, enter: LogIn, through: FaultProxy, w1: DesiredMachine
) -> None:
    driver = enter(LINKED, through)
    driver.images.acquire(source(driver, w1), "user")
    copied = Rule(
        "CloneVM_Task",
        Action.REWRITE,
        rewrite=lambda request: request.replace(b"createNewChildDiskBacking", b"moveAllDiskBackingsAndConsolidate"),
    )
    through.add(copied)
    with pytest.raises(VsphereError, match=r"it was to be a linked clone, and its disk .* is no child of its image's"):
        driver.create_alone(w1)
    assert len(vcenter.machines()) == 1, "the template alone"


@pytest.mark.parametrize("method", ["MarkAsTemplate", "MarkAsVirtualMachine", "CreateSnapshot_Task", "ImportVApp"])
@pytest.mark.parametrize("action", [Action.DROP_BEFORE, Action.DROP_AFTER], ids=["before", "after"])
def test_an_image_whose_change_is_lost_is_a_template_at_the_latest_in_the_next_run(
    vcenter: Simulator, enter: LogIn, through: FaultProxy, w1: DesiredMachine, method: str, action: Action
) -> None:
    driver = enter(LINKED, through)
    if method == "MarkAsVirtualMachine":
        driver.images.acquire(source(driver, w1), "another")
    through.add(Rule(method, action))
    for _ in range(2):
        try:
            driver.images.acquire(source(driver, w1), "user")
        except VsphereError:
            continue
    assert through.left(method) == 0
    (base,) = vcenter.machines()
    assert is_template(Machine(driver.place.session, vcenter.machines()[base], base))
    assert driver.images.find(driver.ova.sha256, DATASTORE, "user", 4) is not None
