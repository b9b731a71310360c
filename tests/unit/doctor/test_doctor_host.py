"""What the doctor says of the lab's host: all findings, whatever the machines answer."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from config import LabConfig
from doctor import __main__ as program
from doctor import host
from doctor.state import host_password
from provider.vsphere.api import session
from provider.vsphere.conditions.findings import Finding
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
    (finding,) = host.findings(lab, "secret")
    assert finding.blocks
    assert "connecting to 127.0.0.1:1: 127.0.0.1:1 does not answer" in finding.text
    assert "secret" not in finding.text


def test_without_a_password_it_is_said_where_one_was_sought() -> None:
    (finding,) = host.findings(LAB, None)
    assert "found no password in" in finding.text


def test_the_password_is_the_declared_one_or_else_the_one_of_the_stack(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str | None] = []

    def noted(_: LabConfig, password: str | None) -> list[Finding]:
        given.append(password)
        return []

    monkeypatch.setattr(host, "findings", noted)
    monkeypatch.setattr(program, "read_password", lambda _: "of the stack")
    for password in (None, SecretStr("declared")):
        lab = replace(LAB, site=replace(LAB.site, vsphere=(replace(LAB.site.vsphere[0], password=password),)))
        monkeypatch.setattr(program, "load_file", lambda *_, lab=lab: lab)
        assert program.main("lab") == 0
    assert given == ["of the stack", "declared"]
    assert machines.ran


def test_the_password_of_a_stack_is_the_one_of_its_provider() -> None:
    provider = {
        "urn": urn("pulumi:providers:kubelab", "vsphere"),
        "type": "pulumi:providers:kubelab",
        "inputs": {"server": "esx", "password": opened("hidden")},
    }
    assert host_password(exported(provider)) == "hidden"
    assert host_password(exported({**provider, "inputs": {}})) is None
    assert host_password(exported()) is None


def test_the_machines_that_are_declared_are_what_the_host_is_asked_for() -> None:
    first, *others = host.wanted(LAB)
    assert (first.name, first.datastore) == (LAB.nodes[0].name, LAB.site.vsphere[0].datastore)
    assert (first.disk_gib, first.memory_mib) == (LAB.nodes[0].machine.disk_gib, LAB.nodes[0].machine.memory_mib)
    assert len(others) == len(LAB.nodes) - 1
