"""Nodes between platforms: whichever their machines are on, a state that has the other one knows both as one node."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.graph.conftest import PASSWORD, loaded, registered, shipped, site
from tests.graph.machines.test_existing_machines import EXISTING, existing
from tests.graph.recording import Graph, Resource
from tests.graph.test_order import MACHINE, step

PROVIDER = "pulumi:providers:kubelab"
ALL = ("cp1", "w1", "w2")
LAB = "urn:pulumi:containerd::kubelab::kubelab:lab:Lab"

Moved = Callable[..., Graph]


@pytest.fixture(scope="module")
def with_existing(site_folder: Path) -> Moved:
    """The containerd stack, of which these nodes exist; without a host where all do."""
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    file = site_folder / "id_ed25519"
    file.touch(mode=0o600)
    file.write_bytes(private)
    known: dict[tuple[str, ...], Graph] = {}

    def make(*names: str) -> Graph:
        if names not in known:
            written = site()
            written["platform"] |= {"existing": existing(*names)} if names else {}
            if names == ALL:
                del written["platform"]["vsphere"], written["addresses"], written["machine"]
            (site_folder / "moved.yaml").write_text(yaml.safe_dump(written))
            known[names] = registered(loaded("containerd", shipped("containerd"), site_folder / "moved.yaml"))
        return known[names]

    return make


def provider_of(graph: Graph) -> Resource:
    (provider,) = graph.of_type(PROVIDER)
    return provider


@pytest.mark.case("T8")
@pytest.mark.parametrize("names", [(), ("cp1",), ("w1",), ALL])
def test_one_provider_is_there_for_all_machines_whatever_they_are(with_existing: Moved, names: tuple[str, ...]) -> None:
    """It knows of each control plane where it was: a new one would know of none."""
    graph = with_existing(*names)
    provider = provider_of(graph)
    assert provider.urn == provider_of(with_existing()).urn
    assert provider.aliases == {f"{LAB}$pulumi:providers:kubelab::existing-machines"}
    assert provider.plain("controlPlanes") == "cp1"
    assert provider.plain("existingControlPlanes") == ("cp1" if "cp1" in names else None)
    machines = [*graph.of_type(EXISTING), *graph.of_type(MACHINE)]
    assert {machine.name for machine in machines} == set(ALL)
    assert all(provider.urn in machine.provider for machine in machines)


def test_a_lab_without_a_host_says_nothing_of_one(with_existing: Moved) -> None:
    said = set(provider_of(with_existing(*ALL)).inputs)
    assert said <= {"owner", "controlPlanes", "existingControlPlanes", "allowReplace", "machines", "version"}
    assert PASSWORD not in str(provider_of(with_existing(*ALL)).inputs)


@pytest.mark.parametrize("name", ALL)
def test_a_machine_takes_the_place_of_the_other_platforms_which_goes_first(with_existing: Moved, name: str) -> None:
    """Two kubelets of one name would both run the pods of the node."""
    exists = with_existing(*ALL).named(EXISTING, name)
    made = with_existing().named(MACHINE, name)
    assert exists.aliases == {f"{LAB}$kubelab:machine:Machine$kubelab:index:VirtualMachine::{name}"}
    assert made.aliases == {f"{LAB}$kubelab:machine:Existing$kubelab:index:ExistingMachine::{name}"}
    assert exists.delete_before_replace
    assert made.delete_before_replace


@pytest.mark.parametrize(("names", "type_"), [((), MACHINE), (("w1",), EXISTING)])
def test_all_of_a_worker_is_done_anew_with_its_machine_and_undone_before(
    with_existing: Moved, names: tuple[str, ...], type_: str
) -> None:
    """The engine undoes first what gets a value of the machine, and of that again: the drain is among it."""
    graph = with_existing(*names)
    reached, machine = {graph.named(type_, "w1").urn}, graph.named(type_, "w1")
    for resource in graph:
        if any(reached & urns for urns in resource.sources.values()):
            reached.add(resource.urn)
    of_worker = [each for each in graph if each.name.startswith("w1-") and each.deleted_with == machine.urn]
    membership, joined = step(graph, "50-manage-membership.sh", "w1"), step(graph, "60-join-worker.sh", "w1")
    assert {each.urn for each in (*of_worker, membership, joined)} <= reached
    assert membership.plain("delete")
    assert membership.deleted_with != machine.urn, "it is drained by the cluster, which stays"
    of_others = [each for each in graph if each.name.startswith(("w2-", "cp1-"))]
    assert of_others
    assert not reached & {each.urn for each in of_others}
