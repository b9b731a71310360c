"""__main__.py: a user's mistake is said in plain lines; a lab's outputs are what a user needs next."""

import json
import logging
import os
import runpy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pulumi.runtime.resource
import pytest
from pulumi.runtime.proto import source_pb2

from components import sdk
from components.runtimes import RUNTIMES
from config import LabConfig
from config.versions import TRIED
from tests.graph import conftest
from tests.graph.conftest import PASSWORD, PROJECT, STACK, address_of, answer, registered, shipped
from tests.graph.recording import Graph, is_secret, record

DEFAULT = TRIED


class Lines(logging.Handler):
    """What the user is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def emit(self, line: logging.LogRecord) -> None:
        if line.levelno >= logging.ERROR:
            self.errors.append(line.getMessage())
        elif line.levelno >= logging.WARNING:
            self.warnings.append(line.getMessage())


@pytest.fixture
def said() -> Lines:
    return Lines()


@pytest.fixture
def settings(site_file: Path) -> dict[str, Any]:
    """A shipped stack's configuration, on the test site."""
    return {**shipped(STACK), "site": os.path.relpath(site_file, PROJECT / "stacks")}


def run(settings: Mapping[str, Any], said: Lines) -> Graph:
    """Run the program with this configuration, which the language host hands over in the environment."""
    logger = logging.Logger("said")
    logger.addHandler(said)
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_CONFIG", json.dumps({f"kubelab:{name}": text for name, text in texts.items()}))
        main = str(PROJECT / "__main__.py")
        return record(lambda: runpy.run_path(main, run_name="__main__"), answer, stack=STACK, logger=logger)


def refuse(settings: Mapping[str, Any], said: Lines) -> list[str]:
    """Run the program, which must give up without a traceback; the answer is what it said."""
    with pytest.raises(SystemExit) as end:
        run(settings, said)
    assert end.value.code not in (0, None)
    assert len(said.errors) == 1
    assert "Traceback" not in said.errors[0]
    return said.errors[0].splitlines()


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBELAB_VSPHERE_PASSWORD", PASSWORD)


@pytest.mark.usefixtures("password")
def test_a_lab_exports_what_a_user_needs_next(settings: dict[str, Any], said: Lines) -> None:
    outputs = run(settings, said).outputs
    assert said.errors == []
    assert is_secret(outputs["kubeconfig"])
    assert outputs["apiEndpoint"] == f"{address_of('cp1')}:6443"
    assert [(node["name"], node["role"], node["runtime"], node["address"]) for node in outputs["nodes"]] == [
        ("cp1", "controlPlane", "containerd", address_of("cp1")),
        ("w1", "worker", "containerd", address_of("w1")),
        ("w2", "worker", "containerd", address_of("w2")),
    ]
    assert {(node["kubernetesVersion"], node["runtimeVersion"]) for node in outputs["nodes"]} == {
        (DEFAULT, RUNTIMES["containerd"].versions[0])
    }


@pytest.mark.usefixtures("password")
def test_the_nodes_of_one_lab_may_have_different_runtimes_each_in_its_own_version(
    settings: dict[str, Any], said: Lines
) -> None:
    nodes = run({**settings, **{key: shipped("mixed")[key] for key in ("cluster", "nodes")}}, said).outputs["nodes"]
    assert [(node["name"], node["runtime"], node["runtimeVersion"]) for node in nodes] == [
        (name, runtime, RUNTIMES[runtime].versions[0])
        for name, runtime in (("cp1", "containerd"), ("w1", "docker"), ("w2", "containerd"), ("w3", "crio"))
    ]


@pytest.mark.usefixtures("password")
def test_what_works_but_not_as_expected_is_a_warning_and_stops_nothing(settings: dict[str, Any], said: Lines) -> None:
    settings["cluster"] = {**settings["cluster"], "kubeProxy": {"mode": "ipvs"}, "runtime": "docker"}
    graph = run(settings, said)
    assert graph.of_type("kubelab:lab:Lab")
    assert said.errors == []
    assert len(said.warnings) == 2
    (of_kube_proxy,) = [line for line in said.warnings if "ipvs" in line]
    (of_docker,) = [line for line in said.warnings if "registry.k8s.io" in line]
    assert "nftables" in of_kube_proxy
    assert "cp1, w1, w2" in of_docker


@pytest.mark.usefixtures("password")
def test_a_lab_without_surprises_warns_of_nothing(settings: dict[str, Any], said: Lines) -> None:
    run(settings, said)
    assert said.warnings == []


@pytest.mark.case("C17")
@pytest.mark.usefixtures("password")
@pytest.mark.parametrize(("days", "word"), [(80, "end on"), (-3, "ended on")])
def test_certificates_that_end_soon_are_a_warning_with_the_day_and_the_remedy(
    settings: dict[str, Any], said: Lines, monkeypatch: pytest.MonkeyPatch, days: int, word: str
) -> None:
    end = f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
    monkeypatch.setattr(conftest, "KUBECONFIG", f"# The first certificate ends on {end}.\n")
    run(settings, said)
    (warning,) = said.warnings
    assert all(text in warning for text in (f"{word} {end}", f"cluster {STACK}", "pulumi up"))


@pytest.mark.usefixtures("password")
def test_faults_of_the_configuration_are_one_line_each_and_all_at_once(settings: dict[str, Any], said: Lines) -> None:
    settings["cluster"] = {**settings["cluster"], "podSubnt": "10.9.0.0/16", "kubernetesVersion": "1.2.3"}
    lines = refuse(settings, said)
    assert len([line for line in lines if "podSubnt" in line]) == 1
    assert len([line for line in lines if "1.2.3" in line]) == 1


@pytest.mark.usefixtures("password")
def test_a_key_that_kubelab_does_not_know_is_a_fault(settings: dict[str, Any], said: Lines) -> None:
    lines = refuse({**settings, "nodez": {}}, said)
    assert [line for line in lines if "nodez" in line]


@pytest.mark.usefixtures("password")
def test_an_empty_configuration_is_a_fault_and_not_a_traceback(said: Lines) -> None:
    lines = refuse({}, said)
    assert [line for line in lines if "nodes" in line]


@pytest.mark.usefixtures("password")
def test_configuration_that_is_not_a_mapping_is_a_fault_and_not_a_traceback(
    settings: dict[str, Any], said: Lines
) -> None:
    lines = refuse({**settings, "cluster": DEFAULT}, said)
    assert [line for line in lines if "kubelab:cluster" in line]


@pytest.mark.usefixtures("password")
def test_a_missing_site_file_says_how_to_get_one(settings: dict[str, Any], said: Lines) -> None:
    lines = refuse({**settings, "site": "nowhere/site.yaml"}, said)
    assert [line for line in lines if "make rig" in line and "nowhere/site.yaml" in line]


def test_a_missing_password_says_where_it_was_looked_for(
    settings: dict[str, Any], said: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBELAB_VSPHERE_PASSWORD", raising=False)
    lines = refuse(settings, said)
    assert [line for line in lines if "KUBELAB_VSPHERE_PASSWORD" in line]
    assert [line for line in lines if "kubelab:vspherePassword" in line]


def test_the_password_may_come_as_a_secret_of_the_stack(
    settings: dict[str, Any], said: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBELAB_VSPHERE_PASSWORD", raising=False)
    graph = run({**settings, "vspherePassword": "of the stack"}, said)
    (vsphere,) = graph.of_type("pulumi:providers:kubelab")
    assert is_secret(vsphere.inputs["password"])
    assert vsphere.plain("password") == "of the stack"


def test_a_program_that_was_recorded_holds_no_files(config: LabConfig) -> None:
    """A process that runs thousands of tests may have no more than 1024."""
    counts = []
    for _ in range(5):
        registered(config)
        counts.append(len(list(Path("/proc/self/fd").iterdir())))
    # One that holds files does so each time; what the process opens once, it may open late.
    assert [earlier for earlier, later in pairwise(counts) if later <= earlier], counts


@pytest.mark.usefixtures("password")
@pytest.mark.parametrize("is_debugged", [False, True])
def test_lines_that_led_to_a_resource_are_read_for_debugging_alone(
    settings: dict[str, Any], said: Lines, monkeypatch: pytest.MonkeyPatch, *, is_debugged: bool
) -> None:
    line = source_pb2.StackFrame(pc=source_pb2.SourcePosition(uri="file:///lab.py", line=1))
    monkeypatch.setattr(pulumi.runtime.resource, "_get_stack_trace", lambda: source_pb2.StackTrace(frames=[line]))
    monkeypatch.setenv(sdk.DEBUG_VARIABLE, "yes" if is_debugged else "")
    assert {each.lines for each in run(settings, said) if each.type != "pulumi:pulumi:Stack"} == {int(is_debugged)}
