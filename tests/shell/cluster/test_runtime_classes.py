"""70-settle-nodes.sh: the RuntimeClasses of handlers, and the labels of the nodes that have them."""

from dataclasses import replace

import pytest

from components.steps.cluster import settle_nodes
from config import HandlerConfig
from tests.shell.guest.machine import Guest, Result, assert_one_error
from tests.shell.steps import ADDRESSES, SETTLE
from tests.shell.world import CLUSTER
from tests.unit.components import labs
from tests.unit.components.handlers.declared import handler, node

GVISOR = handler("gvisor")
LABEL = "w1 label handler.kubelab.dev/gvisor=true"
CLASSES = "gvisor gvisor managed\nold old managed\nmine runc"


@pytest.fixture(autouse=True)
def cluster(guest: Guest) -> None:
    SETTLE.prepare(guest)
    guest.state("node-has", "cp1 label kubernetes.io/os=linux")


def settle(guest: Guest, *handlers: HandlerConfig) -> Result:
    """Run the step with these handlers on w1."""
    nodes = (labs.CONTROL_PLANE, node("containerd", *handlers), node("containerd", name="w2"))
    cluster = replace(CLUSTER, handlers=handlers)
    return guest.run(SETTLE.file, settle_nodes.environment(cluster, nodes, ADDRESSES))


def test_a_handler_has_its_class_and_its_node_the_label(guest: Guest) -> None:
    assert settle(guest, GVISOR).status == 0
    assert LABEL in (guest.known("node-has") or "").splitlines()
    assert 'kind: "RuntimeClass"' in (guest.known("objects") or "")
    calls = guest.calls("kubectl")
    assert [call for call in calls if " apply " in call or " label node" in call or call.startswith("kubectl label")]
    assert not guest.calls("delete runtimeclass")


def test_a_class_that_nobody_declares_any_more_goes_and_those_of_others_stay(guest: Guest) -> None:
    guest.state("runtime-classes", CLASSES)
    guest.state("pods-of-cluster", "shop web-1 mine Running\nshop done old Succeeded")
    assert settle(guest, GVISOR).status == 0
    assert [call.split()[3] for call in guest.calls("delete runtimeclass")] == ["old"]


def test_a_class_that_pods_name_stays_and_they_are_named(guest: Guest) -> None:
    guest.state("runtime-classes", CLASSES)
    guest.state("pods-of-cluster", "shop web-1 old Pending\nshop web-2 gvisor Running")
    result = settle(guest, GVISOR)
    assert_one_error(result, "the RuntimeClass old", "shop/web-1")
    assert "web-2" not in result.stderr
    assert not guest.calls("delete runtimeclass")


def test_a_lab_that_loses_its_last_handler_keeps_no_class_and_no_label(guest: Guest) -> None:
    settle(guest, GVISOR)
    guest.state("runtime-classes", "gvisor gvisor managed")
    assert settle(guest).status == 0
    assert [call.split()[3] for call in guest.calls("delete runtimeclass")] == ["gvisor"]
    assert "handler.kubelab.dev" not in (guest.known("node-has") or "")
    assert not guest.calls(" apply ")


def test_a_class_that_cannot_be_applied_is_one_clear_error(guest: Guest) -> None:
    guest.answer(
        "kubectl",
        '[[ $* != "apply --filename -" ]] || { echo "Invalid value: field is immutable" >&2; exit 1; }',
    )
    assert_one_error(settle(guest, GVISOR), "applying the RuntimeClasses", "field is immutable")
