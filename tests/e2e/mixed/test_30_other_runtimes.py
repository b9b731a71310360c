"""Other runtimes on nodes of the running cluster."""

import re

import pytest

from components.runtimes import RUNTIMES
from tests.e2e.cluster import Cluster
from tests.e2e.labs import inventory
from tests.e2e.mixed.nodes import CONTROL_PLANE, W1, W2, W3, Change, applied, doctor


class TestAnotherRuntime:
    """Two workers that swap their runtimes in one run: one on its machine, the other on a machine made anew."""

    @pytest.fixture(scope="class")
    @classmethod
    def change(cls, mixed: Cluster) -> Change:
        """The docker worker gets CRI-O, the CRI-O worker gets docker."""
        mixed.project.set_node(W1, {"runtime": "crio", "onRuntimeChange": "resetNode"})
        mixed.project.set_node(W3, {"runtime": "docker"})
        return applied(mixed)

    def test_a_worker_goes_from_docker_to_crio_on_its_machine_cleaned_in_between(self, change: Change) -> None:
        assert change.after["containers"][W1] == change.before["containers"][W1]
        assert f"Command {W1}-reset" in change.changed
        words = re.compile("docker|containerd")
        assert [line for line in inventory(W1) if words.search(line) and "kubelab" not in line] == []

    def test_a_worker_goes_from_crio_to_docker_on_a_machine_made_anew(self, change: Change) -> None:
        assert change.after["containers"][W3] != change.before["containers"][W3]
        assert f"VirtualMachine {W3}" in change.changed

    def test_they_join_anew_and_report_the_declared_runtime(self, mixed: Cluster, change: Change) -> None:
        declared = mixed.project.runtimes
        assert (declared[W1], declared[W3]) == ("crio", "docker")
        reported = mixed.reported_runtimes()
        for node in (W1, W3):
            assert change.after["identities"][node] != change.before["identities"][node]
            assert reported[node].startswith(f"{RUNTIMES[declared[node]].reported_as}://")

    def test_no_other_node_has_anything_to_do_with_it(self, change: Change) -> None:
        others = (CONTROL_PLANE, W2)
        for kind in ("containers", "boots", "kubelets", "identities"):
            assert {node: change.after[kind][node] for node in others} == {
                node: change.before[kind][node] for node in others
            }, kind
        assert [name for name in change.changed if any(other in name for other in others)] == []

    @pytest.mark.usefixtures("change")
    def test_a_preview_after_it_shows_no_change_and_the_doctor_nothing(self, mixed: Cluster) -> None:
        mixed.project.preview_nothing()
        doctor(mixed)
