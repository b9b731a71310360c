"""The handlers as kubelab finds them, and what each is in every place that must agree on it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components import handlers
from components.guest_file import GuestFile
from components.handlers import HANDLERS, variant_of
from components.records.handler import Variant
from components.runtimes import RUNTIMES
from components.steps import handlers as steps
from components.steps.cluster import settle_nodes
from components.steps.node import install_runtime, kubelet, preflight, traces
from config import Taint
from tests.unit.components import labs
from tests.unit.components.handlers.declared import CARRIED, handler, node

GOLDEN = Path(__file__).parent / "golden"
EACH = pytest.mark.parametrize("word", sorted(HANDLERS))
VARIANTS = [(word, name) for word in sorted(HANDLERS) for name in HANDLERS[word].variants]
# What a runtime's own package brings, as its traces say or the package's files.
OF_PACKAGES = ("/usr/libexec/crio/conmon",)


def rendered(runtime: str, word: str, hypervisor: str) -> str:
    """What the step of a node's runtime is given of a handler: how it is installed, and the runtime's files."""
    declared = node(runtime, handler(word, hypervisor))
    cluster = replace(labs.CLUSTER, handlers=declared.handlers)
    given = install_runtime.environment(declared, cluster, labs.SITE)
    return f"{given['HANDLERS']}\n{given['FILES']}"


def paths_in(value: object) -> Iterator[str]:
    """Every path that a table names."""
    if isinstance(value, dict):
        for each in value.values():
            yield from paths_in(each)
    elif isinstance(value, str) and re.fullmatch(r"(/[A-Za-z0-9._-]+)+", value):
        yield value


def created(variant: Variant, files: tuple[GuestFile, ...]) -> set[str]:
    """The paths that are there once a node's step is done."""
    return {
        *(each.path for each in variant.programs),
        *variant.files,
        *(file.path for file in files),
        *OF_PACKAGES,
    }


def test_every_file_of_the_folder_is_a_handler() -> None:
    assert set(HANDLERS) == {path.stem for path in Path(str(handlers.__file__)).parent.glob("*.py")} - {"__init__"}


@EACH
def test_a_name_is_one_that_labels_and_runtime_classes_may_have(word: str) -> None:
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", word)
    assert HANDLERS[word].name == word
    assert HANDLERS[word].label == f"handler.kubelab.dev/{word}"


@pytest.mark.parametrize(("word", "runtime"), CARRIED)
def test_the_configuration_of_a_runtime_is_as_reviewed(word: str, runtime: str) -> None:
    for name in HANDLERS[word].variants:
        golden = GOLDEN / f"{'-'.join(filter(None, (word, name, runtime)))}.txt"
        assert rendered(runtime, word, name) == golden.read_text(), golden.name


@pytest.mark.parametrize(("word", "name"), VARIANTS)
def test_every_path_that_a_configuration_names_is_one_that_the_step_creates(word: str, name: str) -> None:
    variant = HANDLERS[word].variants[name]
    for entry in variant.entries.values():
        # Where sandboxes keep what they are is made by whoever runs them.
        named = {path for path in paths_in(dict(entry.table)) if not path.startswith("/run/")}
        assert named
        assert named <= created(variant, entry.files)


@pytest.mark.parametrize(("word", "name"), VARIANTS)
def test_what_comes_of_an_archive_lies_in_its_folder_outside_of_the_path(word: str, name: str) -> None:
    record, variant = HANDLERS[word], HANDLERS[word].variants[name]
    paths = [*(each.path for each in variant.programs), *variant.files]
    if record.releases:
        assert record.folder.startswith("/opt/")
        assert all(path.startswith(f"{record.folder}/") for path in paths)
    assert record.packages


@EACH
def test_every_release_is_of_https_and_has_a_checksum(word: str) -> None:
    for version, release in HANDLERS[word].releases.items():
        assert release.version == version
        assert release.url(None).startswith("https://")
        assert version in release.path
        assert release.sha256 or release.sha512
        assert all(re.fullmatch(r"[0-9a-f]{64}", each) for each in release.sha256)
        assert all(re.fullmatch(r"[0-9a-f]{128}", each) for each in release.sha512)


@EACH
def test_a_sandbox_shows_a_kernel_or_a_process_of_its_own(word: str) -> None:
    for variant in HANDLERS[word].variants.values():
        if variant.evidence.own_kernel:
            assert variant.evidence.process
        for expression in (variant.evidence.kernel, variant.evidence.messages, variant.evidence.process):
            assert " " not in expression
            re.compile(expression)


@EACH
def test_the_runtimes_that_carry_a_handler_are_those_whose_script_can(word: str) -> None:
    assert set(HANDLERS[word].runtimes) <= {name for name, each in RUNTIMES.items() if not each.no_handlers}
    assert HANDLERS[word].runtimes


def test_a_file_server_of_the_site_stands_in_for_upstream_with_its_own_checksum() -> None:
    gvisor = handler("gvisor")
    path = HANDLERS["gvisor"].releases[gvisor.version].path
    own = "a" * 64
    mirrors = replace(labs.MIRRORED, checksums={path: own})
    lines = steps.installation(node("crio", gvisor), labs.CLUSTER, mirrors)["HANDLERS"].splitlines()
    (archive,) = (line.split() for line in lines if line.startswith("gvisor archive "))
    assert archive[2] == f"https://mirror.test/files/{path}"
    assert archive[-1] == own


def test_a_node_without_handlers_is_given_nothing_but_what_others_have() -> None:
    cluster = replace(labs.CLUSTER, handlers=(handler("crun"), handler("gvisor")))
    given = steps.installation(node("containerd", handler("crun")), cluster, labs.UPSTREAM)
    assert given["HANDLERS_ELSEWHERE"] == "gvisor"
    assert steps.installation(node("containerd"), cluster, labs.UPSTREAM)["HANDLERS"] == ""
    assert steps.installation(labs.node("w1", runtime="docker"), cluster, labs.UPSTREAM) == {}


def test_a_runtime_class_names_handler_overhead_and_the_label_of_its_nodes() -> None:
    kata = replace(handler("kata"), tolerations=(Taint("dedicated", "sandbox", "NoSchedule"),))
    cluster = replace(labs.CLUSTER, handlers=(handler("crun"), kata))
    crun, by_machine = yaml.safe_load_all(steps.runtime_classes(cluster))
    assert (crun["apiVersion"], crun["kind"]) == ("node.k8s.io/v1", "RuntimeClass")
    assert (crun["metadata"]["name"], crun["handler"]) == ("crun", "crun")
    assert "overhead" not in crun
    assert by_machine["overhead"] == {"podFixed": {"memory": "320Mi", "cpu": "250m"}}
    assert by_machine["scheduling"] == {
        "nodeSelector": {"handler.kubelab.dev/kata": "true"},
        "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "sandbox", "effect": "NoSchedule"}],
    }
    wanted = settle_nodes.environment(cluster, [node("crio", kata)], {"w1": "10.87.0.11"})
    assert "w1 label handler.kubelab.dev/kata=true" in wanted["WANTED"].splitlines()
    assert wanted["RUNTIME_CLASSES"] == steps.runtime_classes(cluster)


def test_a_lab_without_handlers_has_no_runtime_classes_and_proofs() -> None:
    assert steps.runtime_classes(labs.CLUSTER) == ""
    assert steps.proofs(labs.LAB.nodes) == ""


def test_a_preflight_asks_for_what_the_handlers_of_a_node_need() -> None:
    plain = preflight.environment(node("containerd"), labs.CLUSTER, labs.SITE, [], "10.87.0.11")
    asked = preflight.environment(node("containerd", handler("kata")), labs.CLUSTER, labs.SITE, [], "10.87.0.11")
    assert (plain["NEEDING_KVM"], plain["MODULES"]) == ("", "")
    assert asked["NEEDING_KVM"] == "kata"
    assert asked["MODULES"].splitlines()[0] == "vhost_vsock /dev/vhost-vsock"
    assert int(asked["MIN_MEMORY_MIB"]) - int(plain["MIN_MEMORY_MIB"]) == 320
    assert (plain["ROOM"], asked["ROOM"]) == ("", "/opt/kata 5")
    assert asked["RUN_GUEST"]


def test_katas_kubelet_waits_for_machines_unless_the_user_says_otherwise() -> None:
    kata = node("containerd", handler("kata"))
    assert kubelet.settings(kata, "1.36")["runtimeRequestTimeout"] == "10m0s"
    own = replace(kata, kubelet={"runtimeRequestTimeout": "20m"})
    assert kubelet.settings(own, "1.36")["runtimeRequestTimeout"] == "20m"
    assert "runtimeRequestTimeout" not in kubelet.settings(node("containerd"), "1.36")


def test_the_modules_of_handlers_are_loaded_at_every_start() -> None:
    text = rendered("containerd", "kata", "qemu")
    assert f"=== 0644 2 {install_runtime.MODULES_FILE}\nvhost_vsock\nvhost_net\n" in text
    assert "vhost_vsock" not in rendered("containerd", "kata", "cloud-hypervisor")


@EACH
def test_a_reset_knows_what_a_handler_leaves(word: str) -> None:
    known = traces.all_traces().splitlines()
    folder = HANDLERS[word].folder
    assert not folder or f"path {folder}" in known


def test_a_proof_says_whose_kernel_a_pod_has_and_what_runs_it() -> None:
    found = [line.split() for line in steps.proofs([node("crio", handler("crun"), handler("gvisor"))]).splitlines()]
    assert [line[:2] for line in found] == [["w1", "crun"], ["w1", "gvisor"]]
    assert [line[3] for line in found] == ["node", "own"]
    assert all(len(line) == 7 for line in found)
    assert re.fullmatch(found[1][6], "runsc-sandbox")
    assert re.fullmatch(found[1][6], "gvisor_sentry")
    assert not re.fullmatch(found[1][6], "containerd-shim-runsc-v1")


def test_a_variant_is_the_declared_one_and_never_another() -> None:
    assert variant_of(handler("kata", "cloud-hypervisor")).name == "cloud-hypervisor"
    with pytest.raises(KeyError):
        variant_of(replace(handler("kata"), hypervisor="firecracker"))
