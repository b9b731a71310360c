"""90-verify-cluster.sh compare: whether each kubelet goes by the settings that are declared for its node."""

from dataclasses import replace

import pytest
from pydantic import JsonValue

from components.runtimes import RUNTIMES
from components.steps.cluster import verification
from tests.shell.guest.machine import Guest, Result
from tests.shell.steps import ADDRESSES, COMPARE
from tests.shell.world import CLUSTER, NODE_FACTS, render_configz, render_facts
from tests.unit.components import labs

pytestmark = pytest.mark.case("D14")

SOCKET = RUNTIMES["containerd"].cri_socket


def compare(guest: Guest, declared: dict[str, JsonValue], in_effect: dict[str, JsonValue]) -> Result:
    """Compare when cp1 has these settings declared and those in effect."""
    COMPARE.prepare(guest)
    guest.state("configz/cp1", render_configz(SOCKET, changed=in_effect))
    nodes = [replace(node, kubelet=declared) if node.name == "cp1" else node for node in labs.MIXED.nodes]
    environment = verification.environment(CLUSTER, nodes, ADDRESSES, render_facts(NODE_FACTS))
    return guest.run(COMPARE.file, environment, *COMPARE.arguments)


DIFFERENT: dict[str, tuple[dict[str, JsonValue], dict[str, JsonValue], str]] = {
    "a number": ({"maxPods": 60}, {"maxPods": 110}, "maxPods in effect is 110, and the declared one is 60"),
    "one that is missing": ({"maxPods": 60}, {}, "maxPods in effect is -, and the declared one is 60"),
    "one that should be off": (
        {"failSwapOn": False},
        {"failSwapOn": True},
        "failSwapOn in effect is true, and the declared one is false",
    ),
    "a key of a mapping": (
        {"evictionHard": {"memory.available": "100Mi"}},
        {"evictionHard": {"memory.available": "50Mi", "nodefs.available": "10%"}},
        "evictionHard/memory.available in effect is 50Mi, and the declared one is 100Mi",
    ),
    "an item of a list": (
        {"allowedUnsafeSysctls": ["net.*", "kernel.msg*"]},
        {"allowedUnsafeSysctls": ["net.*"]},
        "allowedUnsafeSysctls/1 in effect is -, and the declared one is kernel.msg*",
    ),
    "a span of time": (
        {"syncFrequency": "60s"},
        {"syncFrequency": "1m1s"},
        "syncFrequency in effect is 1m1s, and the declared one is 1m0s",
    ),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_is_not_in_effect_is_one_line_with_field_and_both_values(guest: Guest, what: str) -> None:
    declared, in_effect, said = DIFFERENT[what]
    result = compare(guest, declared, in_effect)
    assert result.status == 1
    assert result.stderr.splitlines()[0] == (
        f"comparing cp1: the kubelet's {said}; look at journalctl -u kubelet on cp1"
    )


SAME: dict[str, tuple[dict[str, JsonValue], dict[str, JsonValue]]] = {
    "other spellings of a span of time": (
        {"syncFrequency": "60s", "streamingConnectionIdleTimeout": "240m"},
        {"syncFrequency": "1m0s", "streamingConnectionIdleTimeout": "4h0m0s"},
    ),
    "another spelling of a quantity": (
        {"reservedMemory": [{"numaNode": 0, "limits": {"memory": "1024Mi"}}]},
        {"reservedMemory": [{"numaNode": 0, "limits": {"memory": "1Gi"}}]},
    ),
    "what is empty and left out": (
        {"readOnlyPort": 0, "serverTLSBootstrap": False, "evictionHard": {}, "cpuManagerPolicyOptions": {}},
        {"podsPerCore": 0},
    ),
    "more than was declared": (
        {"evictionHard": {"memory.available": "5%"}},
        {"evictionHard": {"memory.available": "5%", "x": "y"}},
    ),
    "texts with any mark": (
        {"systemCgroups": '/a "b" \\ c<d>&e', "clusterDomain": "lab.test"},
        {"systemCgroups": '/a "b" \\ c<d>&e', "clusterDomain": "lab.test", "l": [1, [2, {"m": None}], {}], "n": {}},
    ),
}


@pytest.mark.parametrize("what", SAME)
def test_what_is_the_same_in_other_words_agrees(guest: Guest, what: str) -> None:
    result = compare(guest, *SAME[what])
    assert (result.status, result.stderr) == (0, "")


def test_what_go_escapes_in_json_is_read(guest: Guest) -> None:
    COMPARE.prepare(guest)
    configz = render_configz(SOCKET, changed={"systemCgroups": "/a&b"}).replace("&", "\\u0026")
    guest.state("configz/cp1", configz)
    result = guest.run(COMPARE.file, {**COMPARE.environment, "KUBELET_SETTINGS": "cp1 systemCgroups /a&b"}, "compare")
    assert (result.status, result.stderr) == (0, "")


def test_all_differences_are_said_at_once(guest: Guest) -> None:
    result = compare(
        guest, {"maxPods": 60, "podsPerCore": 3, "failSwapOn": False}, {"maxPods": 110, "failSwapOn": True}
    )
    assert [line.split(" in effect")[0].rpartition(" ")[2] for line in result.stderr.splitlines()[:-1]] == [
        "maxPods",
        "podsPerCore",
        "failSwapOn",
    ]
    assert result.stderr.splitlines()[-1].endswith(": 3 differences, above")
