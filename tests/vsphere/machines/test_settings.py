"""The table of a machine's settings: what a row says holds in check, diff, drift and specification alike."""

from dataclasses import replace
from typing import Any

import pytest

from config.site import MachineSpec
from provider.resource import Change
from provider.virtual_machine import VirtualMachine
from provider.vsphere import observe, spec
from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import FIELDS, HARDWARE, DesiredMachine, Hardware, desired_machine, hardware_properties
from provider.vsphere.fields import Effect, Field
from provider.vsphere.lifecycle.plan import plan
from provider.vsphere.lifecycle.specification import config_spec
from provider.vsphere.model import Disk, ObservedMachine

CONFIG_SPEC = vim.vm.ConfigSpec()
ROWS = list(HARDWARE.items())
BY_NAME = {row.name: row for row in FIELDS}
PROPERTIES = {
    "name": "w1",
    "cpus": 2,
    "memoryMiB": 1024,
    "diskGiB": 4,
    "nestedVirtualization": True,
    "image": "[ds] base/disk.vmdk",
    "imageSha256": "0" * 64,
    "datastore": "ds",
    "network": "VM Network",
    "machineNetwork": "10.87.0.0/24",
    "sshUser": "lab",
    "sshPublicKey": "ssh-ed25519 AAAA lab",
    "hostKeyPrivate": "a private key",
    "hostKeyPublic": "ssh-ed25519 AAAA w1",
}


def other(value: Any) -> Any:
    """Another value that the same setting allows."""
    return not value if isinstance(value, bool) else value * 2


def facts(hardware: Hardware) -> dict[str, Any]:
    """What the API shows of a machine with this hardware."""
    return {row.path: getattr(hardware, attribute) for attribute, row in ROWS}


@pytest.fixture
def desired() -> DesiredMachine:
    return desired_machine(PROPERTIES)


@pytest.fixture
def found(desired: DesiredMachine) -> ObservedMachine:
    return observe.from_facts("7", facts(desired.hardware))


@pytest.mark.parametrize(("attribute", "row"), ROWS)
def test_a_setting_is_read_where_it_was_written(attribute: str, row: Field, desired: DesiredMachine) -> None:
    wanted = replace(desired.hardware, **{attribute: other(getattr(desired.hardware, attribute))})
    assert observe.from_facts("7", facts(wanted)).hardware == wanted
    assert row.path in observe.PATHS
    assert hardware_properties(wanted)[row.name] == other(PROPERTIES[row.name])


@pytest.mark.parametrize(("attribute", "row"), ROWS)
def test_a_changed_setting_and_no_other_is_in_the_specification(
    attribute: str, row: Field, desired: DesiredMachine, found: ObservedMachine
) -> None:
    value = other(getattr(desired.hardware, attribute))
    wanted = plan(found, replace(desired, hardware=replace(desired.hardware, **{attribute: value})))
    change = config_spec(found, wanted, {})

    assert wanted.needs_off == (row.effect is Effect.POWER_CYCLE)
    assert getattr(change, row.spec) == value
    assert [name for _, other_row in ROWS if getattr(change, name := other_row.spec) is not None] == [row.spec]


@pytest.mark.parametrize(("attribute", "row"), ROWS)
def test_a_new_machine_is_specified_with_every_setting(
    attribute: str, row: Field, desired: DesiredMachine, found: ObservedMachine
) -> None:
    image = replace(found, disks=(Disk(2000, 1000, 0, "[ds] base/disk.vmdk", 1024**3),))
    made = spec.first_spec(desired, image, "a/b/w1", "[ds] w1/w1.vmdk", None)
    assert getattr(made, row.spec) == getattr(desired.hardware, attribute)


@pytest.mark.parametrize(
    ("name", "value", "change"),
    [
        (row.name, "other", {Effect.REPLACE: Change.REPLACE, Effect.NOTHING: None}.get(row.effect, Change.UPDATE))
        for row in FIELDS
        if row.effect not in (Effect.GROWTH, Effect.BY_KEY)
    ]
    + [("diskGiB", 5, Change.UPDATE), ("diskGiB", 3, Change.REPLACE), ("extraConfig", {"a": "b"}, Change.UPDATE)],
)
def test_a_row_says_what_another_value_takes(name: str, value: object, change: Change | None) -> None:
    changes = VirtualMachine().diff(PROPERTIES, {**PROPERTIES, name: value})
    assert [(found.key, found.change) for found in changes] == ([(name, change)] if change else [])


@pytest.mark.parametrize(
    ("key", "values", "refused"),
    [
        ("cpus", [1, 768], [0, 769, True, 1.5, "2"]),
        ("memoryMiB", [128, 25165824], [124, 130, 25165828, "1024"]),
        ("diskGiB", [1, 63488], [0, 63489]),
    ],
)
def test_sizes_are_taken_within_what_vsphere_can_hold(key: str, values: list[object], refused: list[object]) -> None:
    check = VirtualMachine().check
    assert [value for value in values if key in check({**PROPERTIES, key: value})] == []
    assert [value for value in refused if key not in check({**PROPERTIES, key: value})] == []


def test_a_fault_names_unit_bounds_and_step() -> None:
    faults = VirtualMachine().check({**PROPERTIES, "memoryMiB": 1023, "diskGiB": 0, "sshUser": ""})
    assert faults == {
        "memoryMiB": "found 1023, wanted a whole number of MiB from 128 to 25165824, a multiple of 4",
        "diskGiB": "found 0, wanted a whole number of GiB from 1 to 63488",
        "sshUser": "found '', wanted a user name",
    }


@pytest.mark.parametrize("name", ["cpus", "memoryMiB", "diskGiB"])
def test_every_size_that_a_stack_file_allows_is_one_that_the_driver_takes(name: str) -> None:
    schema = MachineSpec.model_json_schema()["properties"][name]
    for bound in (schema["minimum"], schema["maximum"]):
        assert BY_NAME[name].fault(bound) is None
