"""90-verify-cluster.sh: nodes by name and identity."""

import pytest

from tests.shell.cluster.verification import STEP, WANTED, assert_one_error, refuse
from tests.shell.guest.machine import Guest

pytestmark = pytest.mark.usefixtures("workload")


def test_nodes_that_are_not_ready_are_one_clear_error(guest: Guest) -> None:
    refuse(guest, "kubectl", "condition=Ready", "timed out waiting for the condition on nodes/w2")
    assert_one_error(guest, "timed out waiting for the condition on nodes/w2")


def test_a_node_that_is_declared_and_not_there_is_one_clear_error(guest: Guest) -> None:
    guest.state("nodes", "cp1 a 0\nw1 b 1")
    assert_one_error(guest, "w2")


def test_a_node_that_is_there_and_not_declared_is_a_warning(guest: Guest) -> None:
    guest.state("nodes", "cp1 a 0\nw1 b 1\nw2 c 2\nold d 3")
    result = guest.run(STEP, WANTED)
    assert result.status == 0
    assert [line for line in result.stderr.splitlines() if line.startswith("warning: ") and "old" in line]


# Pitfall: the pod network did not start on the third node, which was a clone with another's machine-id.
@pytest.mark.parametrize(
    ("nodes", "field"),
    [("cp1 aaaa 0\nw1 bbbb 1\nw2 bbbb 2", "machineID"), ("cp1 a aaaa\nw1 b bbbb\nw2 c bbbb", "systemUUID")],
)
def test_two_nodes_of_one_identity_are_one_clear_error_that_names_both(guest: Guest, nodes: str, field: str) -> None:
    guest.state("nodes", nodes)
    assert_one_error(guest, f"one {field} belongs to several, bbbb: w1 w2; give the image an empty /etc/machine-id")


def test_clones_are_named_before_they_are_waited_for(guest: Guest) -> None:
    """Their leases collide, so that they may never be Ready."""
    guest.state("nodes", "cp1 aaaa 0\nw1 bbbb 1\nw2 bbbb 2")
    refuse(guest, "kubectl", "condition=Ready", "timed out waiting for the condition")
    assert_one_error(guest, "one machineID belongs to several, bbbb: w1 w2")


def test_machines_without_a_system_uuid_are_not_taken_for_clones(guest: Guest) -> None:
    guest.state("nodes", "cp1 a <none>\nw1 b <none>\nw2 c")
    assert guest.run(STEP, WANTED).status == 0


def test_nodes_that_cannot_be_compared_are_one_clear_error_and_not_an_empty_list(guest: Guest) -> None:
    refuse(guest, "kubectl", "machineID", "connection refused")
    assert_one_error(guest, "connection refused")


def test_a_node_that_has_not_registered_yet_is_waited_for(guest: Guest) -> None:
    guest.state("nodes", "cp1 a 0\nw1 b 1")
    # The node registers at the third look.
    guest.answer(
        "kubectl",
        '[[ $* != "get nodes --output name" ]] || { happened look;'
        ' (($(grep -c look "$state/events") != 3)) || printf "w2 c 2\\n" >>"$facts/nodes"; }',
    )
    assert guest.run(STEP, WANTED).status == 0
