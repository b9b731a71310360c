"""Templates that a vCenter has already: found, looked at, cloned, and never changed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from provider.vsphere.api.sdk import vim
from provider.vsphere.conditions.reading import conditions
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.model import ImageSource
from provider.vsphere.placement import Placement
from tests.vsphere.conftest import OWNER
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.shown import replace_in
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator
from tests.vsphere.vcenter.conftest import FULL, LINKED, LogIn

NAME = "debian-by-hand"
SHA256 = "f" * 64


@pytest.fixture
def template(vcenter: Simulator, enter: LogIn) -> Iterator[str]:
    """A machine of somebody else's, with one disk and a card: an image that was imported, without our marks."""
    driver = enter()
    driver.images.acquire(replace(driver.ova.source, network=None), "user")
    (base,) = vcenter.machines()
    machine = vcenter.machines()[base]
    machine.MarkAsVirtualMachine(driver.place.pool, None)
    marks = vcenter.extra_config(base)
    change = vim.vm.ConfigSpec(
        name=NAME,
        instanceUuid="11111111-2222-3333-4444-555555555555",
        extraConfig=[vim.option.OptionValue(key=key, value="") for key in marks if key.startswith("kubelab.")],
    )
    vcenter.run_task(machine.ReconfigVM_Task(change))
    yield NAME
    if NAME in vcenter.machines():
        vcenter.run_task(vcenter.machines()[NAME].Destroy_Task())


def as_image(name: str, gib: int = 4) -> ImageSource:
    return ImageSource("", SHA256, DATASTORE, None, gib, template=name)


def made_of(machine: DesiredMachine, name: str, gib: int = 4) -> DesiredMachine:
    return replace(machine, image_sha256=SHA256, template=name, disk_gib=gib)


def take_snapshot(vcenter: Simulator, name: str) -> None:
    vcenter.take_snapshot(name, "by hand")


@pytest.mark.parametrize(("placement", "gib"), [(FULL, 4), (LINKED, 1)], ids=["full", "linked"])
def test_machines_are_cloned_of_a_template_by_its_name_which_stays_as_it_is(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine, template: str, placement: Placement, gib: int
) -> None:
    if placement.linked:
        take_snapshot(vcenter, template)
    vcenter.machines()[template].MarkAsTemplate()
    before = vcenter.facts(template, "config.changeVersion", "config.template", "config.extraConfig")
    driver = enter(placement)

    image = driver.images.acquire(as_image(template, gib), "user")
    assert image.disk_path.startswith(f"[{DATASTORE}] ")
    assert driver.images.find_template(template) == replace(image, name="")
    state = driver.create_alone(made_of(w1, template, gib))
    assert (state.address, state.disk_gib) == ("10.87.0.11", gib)
    assert driver.destroy(made_of(w1, template, gib)) == []

    after = vcenter.facts(template, "config.changeVersion", "config.template", "config.extraConfig")
    assert {key: str(value) for key, value in after.items()} == {key: str(value) for key, value in before.items()}


def test_what_makes_a_template_unfit_is_told_at_once_before_anything_is_made(
    vcenter: Simulator, enter: LogIn, template: str
) -> None:
    vcenter.power_on(template)
    told = (
        r"template debian-by-hand: it is no template but a machine, and poweredOn; shut it down, or convert it to a "
        r"template; and it has no snapshot, of which linked clones are made; .* or write clone: full"
    )
    with pytest.raises(VsphereError, match=told):
        enter(LINKED).images.acquire(as_image(template, 1), "user")
    assert enter(LINKED).images.find_template(template) is None
    vcenter.power_off(template)


@pytest.mark.case("V18")
def test_a_hardware_version_below_that_of_a_template_is_told_with_all_else_before_anything_is_made(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine, template: str
) -> None:
    lower = replace(made_of(w1, template), hardware_version=14)
    wanted = WantedMachine("w1", 4, 1024, DATASTORE, NETWORK, hardware_version=14, template=template)
    (finding,) = conditions(enter().place, OWNER, [wanted])
    told = f"machine w1: machine.hardwareVersion is 14, and template {template}, which it is cloned of, has 20; a clone"
    assert finding.text.startswith(told)
    with pytest.raises(VsphereError, match=f"machine.hardwareVersion is 14, and {template}, which it is cloned of"):
        enter().create_alone(lower)
    assert list(vcenter.machines()) == [template]


@pytest.mark.case("V11")
def test_full_clones_of_a_thick_template_take_their_whole_disk(
    enter: LogIn, through: FaultProxy, template: str
) -> None:
    wanted = WantedMachine("w1", 60_000, 1024, DATASTORE, NETWORK, template=template)
    (finding,) = conditions(enter().place, OWNER, [wanted])
    assert (finding.blocks, "machine w1 may come to need 60001.0 GiB" in finding.text) == (False, True)
    replace_in(through, "RetrievePropertiesEx", "<thinProvisioned>true", "<thinProvisioned>false")
    (finding,) = conditions(enter(FULL, through).place, OWNER, [wanted])
    assert (finding.blocks, "machine w1 needs 60001.0 GiB at least" in finding.text) == (True, True)


def test_a_template_that_is_not_there_is_told_with_what_is_there(enter: LogIn, template: str) -> None:
    with pytest.raises(VsphereError, match=r"template nothing: not found in datacenter DC0 .*, which has: debian-"):
        enter().images.acquire(as_image("nothing"), "user")
    assert enter().images.acquire(as_image(template, 1), "user").capacity == 1024**3


@pytest.mark.case("V11")
def test_privileges_that_are_missing_on_a_template_are_named(enter: LogIn, through: FaultProxy, template: str) -> None:
    replace_in(through, "HasPrivilegeOnEntities", "<isGranted>true", "<isGranted>false")
    told = (
        r"template debian-by-hand: the user root lacks privileges on it: VirtualMachine.Provisioning.DeployTemplate; "
    )
    with pytest.raises(VsphereError, match=told):
        enter(through=through).images.acquire(as_image(template), "user")


def test_a_linked_clone_has_its_templates_size_which_is_said_before_it_is_made(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine, template: str
) -> None:
    take_snapshot(vcenter, template)
    with pytest.raises(VsphereError, match=r"diskGiB is 4, and a linked clone's disk has the size of its template"):
        enter(LINKED).create_alone(made_of(w1, template, 4))
    assert "w1" not in vcenter.machines()
