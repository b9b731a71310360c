"""What is said of a host's facts, without a host: age, clock, licence, kinds of networks."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from provider.vsphere.api.sdk import vim
from provider.vsphere.conditions import host_state, machine_state, wanted
from provider.vsphere.conditions.findings import Finding, refusal
from provider.vsphere.errors import VsphereError
from provider.vsphere.paths import unescaped
from provider.vsphere.standalone_host import network_of

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.mark.case("V11")
@pytest.mark.parametrize(
    ("version", "old"),
    [("6.5", True), ("6.7", False), ("7.0.3.0", False), ("8.0.3.0", False), ("9.0", False), ("5.1", True), ("", False)],
)
def test_a_host_with_an_old_api_is_named(version: str, old: bool) -> None:
    found = host_state.of_api(SimpleNamespace(apiVersion=version, fullName="VMware ESXi"))
    assert [f"with API {version}, wanted 6.7 or newer" in finding.text for finding in found] == [True] * old


@pytest.mark.case("V11")
@pytest.mark.parametrize(
    ("name", "edition", "free"),
    [
        ("VMware vSphere 8 Hypervisor", "esxBasic", True),
        ("vSphere 7 Hypervisor", "", True),
        ("VMware vSphere Hypervisor 6", "", True),
        ("", "esx.hypervisor.cpuPackageCoreLimited", False),
        ("VMware vSphere 8 Enterprise Plus", "esx.enterprisePlus.cpuPackageCoreLimited", False),
        ("VMware vSphere 8 Standard", "esx.standard", False),
        ("Evaluation Mode", "eval", False),
    ],
)
def test_only_the_free_licence_is_taken_for_one(name: str, edition: str, free: bool) -> None:
    licence = SimpleNamespace(name=name, editionKey=edition, properties=[])
    assert len(host_state.of_licenses([licence], NOW)) == free


@pytest.mark.case("V13")
@pytest.mark.parametrize(("seconds", "said"), [(0, 0), (119, 0), (-119, 0), (121, 1), (-7200, 1)])
def test_clocks_that_differ_by_minutes_are_told(seconds: int, said: int) -> None:
    found = host_state.of_clock(NOW + timedelta(seconds=seconds), NOW)
    assert len(found) == said
    assert not any(finding.blocks for finding in found)


@pytest.mark.case("V14")
@pytest.mark.parametrize(
    ("ref", "told"),
    [
        (
            vim.dvs.DistributedVirtualPortgroup("dvportgroup-1"),
            "this is a distributed port group, which only the vCenter",
        ),
        (vim.OpaqueNetwork("network-o1"), r"this is an opaque network \(NSX\), which only the vCenter"),
    ],
)
def test_a_network_of_another_kind_is_refused_by_its_kind(ref: Any, told: str) -> None:
    with pytest.raises(VsphereError, match=rf"network lab of esx: {told} .*; name a port group of the host's own"):
        network_of("network lab of esx", ref, {"name": "lab"})


@pytest.mark.case("V10", "V14")
def test_a_port_group_is_named_to_the_host_as_the_host_names_it() -> None:
    found = network_of("network a/b of esx", vim.Network("network-1"), {"name": "a%2fb"})
    assert found.nic_backing.deviceName == "a%2fb"


@pytest.mark.case("V10")
@pytest.mark.parametrize(
    ("raw", "shown"),
    [("a%2fb", "a/b"), ("100%25", "100%"), ("%255c", "%5c"), (r"a%5Cb", "a\\b"), ("[x] y", "[x] y"), ("50%", "50%")],
)
def test_names_are_shown_as_people_write_them(raw: str, shown: str) -> None:
    assert unescaped(raw) == shown


@pytest.mark.case("V11")
def test_a_question_without_choices_is_shown_all_the_same() -> None:
    pending = machine_state.question({"runtime.question": SimpleNamespace(text="Which?\n", choice=None)})
    assert pending is not None
    assert machine_state.shown(pending) == 'it waits for an answer to "Which?"'


@pytest.mark.case("V17")
def test_a_disk_on_a_snapshot_that_no_list_shows_wants_consolidation() -> None:
    fault = machine_state.growth_fault("w1", (), on_a_snapshot=True, gib=40)
    assert fault == (
        "machine w1: its disk cannot grow to 40 GiB because of a snapshot that is not in its list; consolidate its "
        "disks on the host, or put diskGiB back, then run up again"
    )


def test_what_does_not_block_is_no_refusal() -> None:
    assert refusal("esx", [Finding("later", blocks=False)]) is None


@pytest.mark.parametrize("text", ["{", "[1]", '[{"name": "w1"}]', "7"])
def test_a_list_of_machines_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        wanted.parsed(text)
