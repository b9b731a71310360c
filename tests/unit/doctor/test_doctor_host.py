"""What the doctor says of the lab's host: all findings, whatever the machines answer."""

import json
from dataclasses import replace
from typing import NoReturn

import pytest
from pydantic import SecretStr

from config import LabConfig
from doctor import __main__ as program
from doctor import host
from doctor.state import host_passwords, placed
from provider.vsphere import places
from provider.vsphere.api import session
from provider.vsphere.conditions.findings import Finding
from provider.vsphere.endpoint import Endpoint
from provider.vsphere.errors import VsphereError
from tests.unit.components.labs import MIXED as LAB
from tests.unit.doctor.machines import Machines, without
from tests.unit.doctor.state_of import exported, opened, urn

FAULT, WARNING = Finding("the host is in maintenance mode"), Finding("its clock is wrong", blocks=False)


@pytest.mark.case("V11")
def test_what_the_host_is_kept_from_is_told_beside_the_table(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(host, "findings", lambda *_: [FAULT, WARNING])
    assert program.main("lab") == 1
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        "warning: asking the host: its clock is wrong",
        "error: asking the host: the host is in maintenance mode",
    ]
    assert printed.out.startswith("NODE")
    assert machines.ran


@pytest.mark.case("V11")
def test_a_warning_of_the_host_is_no_fault(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "findings", lambda *_: [WARNING])
    assert program.main("lab") == 0
    assert machines.ran


@pytest.mark.case("V11")
def test_a_lab_without_machines_is_told_of_its_host_all_the_same(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(host, "findings", lambda *_: [FAULT])
    without(monkeypatch, *(node.name for node in LAB.nodes))
    assert program.main("lab") == 1
    said = capsys.readouterr().err
    assert "error: asking the host: the host is in maintenance mode" in said
    assert "error: looking for cp1" in said
    assert machines.ran == []


@pytest.mark.case("V11")
def test_a_host_that_cannot_be_asked_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "READ_ATTEMPTS", 1)
    vsphere = replace(LAB.site.vsphere[0], server="127.0.0.1", port=1)
    lab = replace(LAB, site=replace(LAB.site, vsphere=(vsphere,)))
    (finding,) = host.findings(lab, {"": "secret"}, {})
    assert finding.blocks
    assert "connecting to 127.0.0.1:1: 127.0.0.1:1 does not answer" in finding.text
    assert "secret" not in finding.text


def test_without_a_password_it_is_said_where_one_was_sought() -> None:
    (finding,) = host.findings(LAB, {}, {})
    assert "found no password in" in finding.text


def test_the_password_is_the_declared_one_or_else_the_one_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []

    def noted(endpoint: Endpoint, *_: object) -> NoReturn:
        given.append(endpoint.password)
        raise VsphereError("not asked")

    monkeypatch.setattr(places, "connected", noted)
    for password in (None, SecretStr("declared")):
        lab = replace(LAB, site=replace(LAB.site, vsphere=(replace(LAB.site.vsphere[0], password=password),)))
        host.findings(lab, {"": "of the stack"}, {})
    assert given == ["of the stack", "declared"]


def provider(**inputs: object) -> dict[str, object]:
    kind = "pulumi:providers:kubelab"
    return {"urn": urn(kind, "vsphere"), "type": kind, "inputs": inputs}


def test_the_password_of_a_stack_is_the_one_of_its_provider() -> None:
    assert host_passwords(exported(provider(server="esx", password=opened("hidden")))) == {"": "hidden"}
    assert host_passwords(exported(provider(targetName="r1", password=opened("hidden")))) == {"r1": "hidden"}
    assert host_passwords(exported(provider())) == {}
    assert host_passwords(exported()) == {}


def test_each_target_of_a_stack_has_its_own_password() -> None:
    own = {"rack1": "one", "rack2": "two"}
    assert host_passwords(exported(provider(targets="[]", passwords=opened(json.dumps(own))))) == own


def test_on_which_target_a_machine_is_stands_in_the_state() -> None:
    kind = "kubelab:index:VirtualMachine"
    machines = [
        {"urn": urn(kind, name), "type": kind, "outputs": {"name": name, **outputs}}
        for name, outputs in {"w1": {"host": "rack2"}, "w2": {}}.items()
    ]
    assert placed(exported(*machines)) == {"w1": "rack2"}


def test_the_machines_that_are_declared_are_what_the_host_is_asked_for() -> None:
    (target,) = LAB.site.vsphere
    first, *others = host.wanted(LAB, target, {})
    assert (first.name, first.datastore) == (LAB.nodes[0].name, target.datastore)
    assert (first.disk_gib, first.memory_mib) == (LAB.nodes[0].machine.disk_gib, LAB.nodes[0].machine.memory_mib)
    assert len(others) == len(LAB.nodes) - 1


def on_two_targets() -> LabConfig:
    (alone,) = LAB.site.vsphere
    targets = tuple(replace(alone, name=name, server=f"{name}.test", datastore=f"ds-{name}") for name in ("r1", "r2"))
    nodes = tuple(replace(node, host="r2" if node.name == "w1" else "") for node in LAB.nodes)
    return replace(LAB, nodes=nodes, site=replace(LAB.site, vsphere=targets))


def test_a_target_is_asked_for_machines_that_name_it_and_for_those_that_are_there() -> None:
    lab = on_two_targets()
    r1, r2 = (
        [(machine.name, machine.datastore) for machine in host.wanted(lab, target, {"cp1": "r1", "w1": "r1"})]
        for target in lab.site.vsphere
    )
    assert r1 == [("cp1", "ds-r1")]
    assert r2 == [("w1", "ds-r2")]


def test_the_findings_of_all_targets_are_told_at_once_each_naming_its_own() -> None:
    found = host.findings(on_two_targets(), {}, {})
    assert [each.text.partition(": ")[0] for each in found] == ["on r1 (r1.test)", "on r2 (r2.test)"]
    assert all("found no password in" in each.text for each in found)


def test_a_lab_of_machines_that_exist_has_no_host_to_be_kept_from() -> None:
    assert host.findings(replace(LAB, site=replace(LAB.site, vsphere=())), {}, {}) == []
