"""What works, but not as one might expect, is said and stops nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.config.lab_folder import CASES, LabFolder


@pytest.fixture
def mixed(lab_folder: Callable[[Path], LabFolder]) -> LabFolder:
    """A lab with a node of each runtime; w1 runs docker."""
    return lab_folder(CASES / "valid" / "06-three-runtimes")


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_the_modes_of_kube_proxy_with_a_future_need_no_warning(mode: str, minimal: LabFolder) -> None:
    minimal.edit_site("addresses:", f"kubeProxy: {{mode: {mode}}}\naddresses:")
    lab = minimal.load()
    assert (lab.cluster.kube_proxy["mode"], lab.warnings) == (mode, ())


def test_ipvs_works_and_is_warned_of_where_it_is_written(minimal: LabFolder) -> None:
    minimal.edit_site("addresses:", "kubeProxy: {mode: ipvs}\naddresses:")
    lab = minimal.load()
    assert lab.cluster.kube_proxy == {"mode": "ipvs"}
    assert lab.warnings == (
        "site.yaml: kubeProxy/mode: found 'ipvs', which Kubernetes has deprecated since 1.35; "
        "prefer iptables or nftables",
    )


def test_a_mode_that_the_stack_replaces_is_not_warned_of(minimal: LabFolder) -> None:
    minimal.edit_site("addresses:", "kubeProxy: {mode: ipvs}\naddresses:")
    text = minimal.stack.read_text()
    minimal.stack.write_text(text.replace("  kubelab:nodes:", "    kubeProxy: {mode: nftables}\n  kubelab:nodes:"))
    assert minimal.load().warnings == ()


def test_the_mirrors_that_docker_cannot_use_are_named_with_its_nodes(mixed: LabFolder) -> None:
    mixed.edit_site(
        "addresses:",
        """mirrors: {registries: {registry.k8s.io: "https://mirror.lab/v2", docker.io: "https://mirror.lab/v2/hub"}}
registries: {ghcr.io: {mirror: "https://mirror.lab/v2/ghcr.io"}}
addresses:""",
    )
    assert mixed.load().warnings == (
        "site.yaml: docker on w1 cannot use the mirrors of docker.io, ghcr.io, registry.k8s.io (it has mirrors of "
        "docker.io alone, and without a path below /v2): images that kubelab itself pulls come from the mirror, "
        "those of other pods from upstream",
    )


@pytest.mark.parametrize(
    "registries",
    ["mirrors: {registries: {docker.io: 'https://mirror.lab/v2'}}", "registries: {ghcr.io: {}}", "registries: {}"],
)
def test_what_docker_can_do_is_not_warned_of(registries: str, mixed: LabFolder) -> None:
    mixed.edit_site("addresses:", f"{registries}\naddresses:")
    assert mixed.load().warnings == ()


def test_without_docker_any_mirror_will_do(minimal: LabFolder) -> None:
    minimal.edit_site("addresses:", "mirrors: {registries: {ghcr.io: 'https://mirror.lab/v2'}}\naddresses:")
    assert minimal.load().warnings == ()


TAINTED = "[{key: dedicated, effect: NoSchedule}]"


@pytest.mark.case("D21")
@pytest.mark.parametrize(
    "nodes",
    [
        "{cp1: {role: controlPlane}}",
        "{cp1: {role: controlPlane, schedulable: false}}",
        f"{{cp1: {{role: controlPlane}}, w1: {{role: worker, taints: {TAINTED}}}}}",
    ],
)
def test_a_lab_in_which_pods_would_stay_pending_is_warned_of(nodes: str, minimal: LabFolder) -> None:
    minimal.stack.write_text(minimal.stack.read_text().partition("  kubelab:nodes:")[0] + f"  kubelab:nodes: {nodes}\n")
    assert minimal.load().warnings == (
        "stacks/Pulumi.lab.yaml: kubelab:nodes: found no node on which pods run that tolerate no taint: they stay "
        "Pending; add a worker without taints, or write schedulable: true for a control plane",
    )


@pytest.mark.case("D21")
@pytest.mark.parametrize(
    "nodes",
    [
        "{cp1: {role: controlPlane, schedulable: true}}",
        "{cp1: {role: controlPlane}, w1: {role: worker, taints: [{key: slow, effect: PreferNoSchedule}]}}",
    ],
)
def test_a_lab_with_a_place_for_pods_is_not_warned_of(nodes: str, minimal: LabFolder) -> None:
    minimal.stack.write_text(minimal.stack.read_text().partition("  kubelab:nodes:")[0] + f"  kubelab:nodes: {nodes}\n")
    assert minimal.load().warnings == ()


def test_a_host_that_is_not_verified_is_warned_of_at_each_run(minimal: LabFolder) -> None:
    minimal.edit_site("    datastore:", "    tls: {insecure: true}\n    datastore:")
    lab = minimal.load()
    assert lab.site.vsphere[0].tls.insecure
    (warning,) = lab.warnings
    assert warning.startswith("site.yaml: platform/vsphere: insecure is true: the certificate of ")
    assert warning.endswith("; `make pin` prints what tls/sha256 takes")
