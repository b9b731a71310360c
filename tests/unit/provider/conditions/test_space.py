"""Whether there is space for all machines together: new ones, and what is added to those that are there."""

from dataclasses import replace

import pytest

from provider.vsphere.conditions import space
from provider.vsphere.conditions.space import Taken
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.desired import Hardware
from provider.vsphere.lifecycle.declared import DesiredDisk
from provider.vsphere.model import Disk, ObservedMachine

GIB = 1024**3


def machines(number: int, *, gib: int = 20, datastore: str = "ds") -> list[WantedMachine]:
    return [WantedMachine(f"w{index}", gib, 1024, datastore, "net") for index in range(number)]


def there(name: str) -> ObservedMachine:
    return ObservedMachine(
        *("vm-1", name, "uuid", "poweredOn", Hardware(1, 1024, False), f"[ds] {name}/{name}.vmx", "", "", "", ""),
        *((), None, None, (), "", (), {}),
    )


@pytest.mark.case("V11")
@pytest.mark.parametrize(
    ("free", "blocks", "told"),
    [
        (8, True, "8.0 GiB are free, 3 new machines need 9.0 GiB at least"),
        (9, False, "9.0 GiB are free, 3 new machines may come to need 63.0 GiB once their disks are full"),
        (63, None, ""),
    ],
)
def test_the_space_for_all_machines_together_is_reckoned(free: int, blocks: bool | None, told: str) -> None:
    found = space.of_datastore("ds", [free * GIB], machines(3), [])
    assert [(finding.blocks, told in finding.text) for finding in found] == ([] if blocks is None else [(blocks, True)])


@pytest.mark.case("V11")
def test_machines_that_are_there_or_elsewhere_need_no_more_space() -> None:
    wants = [*machines(1), WantedMachine("x", 20, 1024, "other", "net")]
    assert space.of_datastore("ds", [0], wants, [there("w0")]) == []


def with_disks(*disks: DesiredDisk, name: str = "w0") -> WantedMachine:
    return WantedMachine(name, 20, 1024, "ds", "net", disks=disks)


@pytest.mark.case("V11")
@pytest.mark.parametrize(
    ("disk", "least", "most"),
    [
        (DesiredDisk("data", 100), 3, 121),
        (DesiredDisk("data", 100, thin=False), 103, 121),
        (DesiredDisk("data", 0, remove=True), 3, 21),
    ],
    ids=["thin", "thick", "one that goes"],
)
def test_extra_disks_are_reckoned_by_what_they_take_at_once_and_once_full(
    disk: DesiredDisk, least: int, most: int
) -> None:
    wants = [with_disks(disk)]
    (short,) = space.of_datastore("ds", [least * GIB - 1], wants, [])
    assert (short.blocks, f"machine w0 needs {least}.0 GiB at least" in short.text) == (True, True)
    (warned,) = space.of_datastore("ds", [most * GIB - 1], wants, [])
    assert (warned.blocks, f"machine w0 may come to need {most}.0 GiB" in warned.text) == (False, True)
    assert space.of_datastore("ds", [most * GIB], wants, []) == []


@pytest.mark.case("V11")
@pytest.mark.parametrize(("thin", "blocks"), [(True, False), (False, True)])
def test_a_disk_that_is_added_to_a_machine_or_grows_there_is_reckoned(thin: bool, blocks: bool) -> None:
    root = Disk(2000, 1000, 0, "[ds] w0/w0.vmdk", 20 * GIB)
    data = Disk(2001, 1000, 1, "[ds] w0/w0-data.vmdk", 30 * GIB, thin=thin)
    found = replace(there("w0"), disks=(root, data), extra_config={"kubelab.disks": "data"})
    assert space.of_datastore("ds", [0], [with_disks(DesiredDisk("data", 30, thin=thin))], [found]) == []
    for wants in (DesiredDisk("data", 40, thin=thin), DesiredDisk("more", 10, thin=thin)):
        (told,) = space.of_datastore("ds", [10 * GIB - 1], [with_disks(wants)], [found])
        assert told.blocks is blocks
        assert "machine w0" in told.text
        assert "10.0 GiB" in told.text


@pytest.mark.case("V11")
def test_memory_that_a_machine_is_given_more_of_takes_a_larger_swap_file() -> None:
    root = Disk(2000, 1000, 0, "[ds] w0/w0.vmdk", 20 * GIB)
    found = replace(there("w0"), disks=(root,))
    wants = [replace(with_disks(), memory_mib=3 * 1024)]
    (told,) = space.of_datastore("ds", [2 * GIB - 1], wants, [found])
    assert (told.blocks, "machine w0 needs 2.0 GiB at least" in told.text) == (True, True)
    assert space.of_datastore("ds", [2 * GIB], wants, [found]) == []


@pytest.mark.case("V11")
def test_what_is_cloned_of_a_thick_template_is_as_thick() -> None:
    (told,) = space.of_datastore("ds", [20 * GIB], machines(1), [], thick={"w0"})
    assert told.blocks
    assert "machine w0 needs 21.0 GiB at least" in told.text


@pytest.mark.case("V11")
@pytest.mark.parametrize(
    ("free", "told"),
    [
        ([206, 1], ""),
        ([104, 104], ""),
        ([103, 102, 90], "machine w1 needs 103.0 GiB at least, and none of its datastores has that free"),
        ([102, 102, 102], "machine w0 needs 103.0 GiB at least, and none of its datastores has that free"),
    ],
)
def test_a_machine_lies_whole_on_one_datastore_of_a_cluster(free: list[int], told: str) -> None:
    wants = [with_disks(DesiredDisk("data", 100, thin=False), name=name) for name in ("w0", "w1")]
    found = space.of_datastore("ds", [each * GIB for each in free], wants, [])
    assert [told in each.text for each in found if each.blocks] == [True] * bool(told)


@pytest.mark.case("V6", "V11")
@pytest.mark.parametrize(
    ("free", "told"),
    [
        ([10, 10], True),
        ([12, 12], False),
        ([8, 8], True),
        ([5, 5], False),
    ],
    ids=["together too much", "just enough", "together", "each told of it already"],
)
def test_a_datastore_that_two_targets_have_is_reckoned_once(free: list[int], told: bool) -> None:
    taken = [
        Taken(on, url, "shared", size * GIB, 6 * GIB)
        for on, url, size in (("r1", "ds:///a", free[0]), ("r2", "ds:///a", free[1]), ("r2", "ds:///b", 7))
    ]
    found = space.of_shared(taken)
    assert [each.text for each in found] == [
        f"datastore shared of r1 and r2 is the same one: {free[0]:.1f} GiB are free, their machines need 12.0 GiB at "
        "least together (memory as swap files, what a node writes, thick disks); free some space or choose another "
        "datastore"
    ] * told
