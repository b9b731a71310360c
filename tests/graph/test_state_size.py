"""What a lab takes on disk as its state: what an engine keeps of each resource, packed as the backend packs it."""

import base64
import json
import os
from typing import Any

import zstandard

from config import LabConfig
from tests.graph.conftest import PRIVATE_KEY
from tests.graph.recording import SECRET, SECRET_SIGNATURE, Graph, Resource, is_secret
from tests.graph.test_order import COMMAND

PER_NODE = 45_000
# Characters of what no mock answers: a private key as it is kept, the kubeconfig, what a step said last.
KEY, KUBECONFIG, SAID = 400, 5_600, 400


def kept(resource: Resource) -> dict[str, Any]:
    """A resource as a state has it: its inputs stand there twice, what is secret as ciphertext."""
    inputs = dict(resource.inputs)
    answered: dict[str, Any] = {"stderr": base64.b64encode(os.urandom(SAID // 4)).decode() * 3}
    if "stdout" in resource.secret_outputs:
        answered["stdout"] = {SECRET_SIGNATURE: SECRET, "value": "k" * KUBECONFIG}
    return {
        "urn": resource.urn,
        "custom": resource.custom,
        "id": f"{resource.name}{os.urandom(8).hex()}",
        "type": resource.type,
        "inputs": encrypted(inputs),
        "outputs": encrypted({**inputs, **(answered if resource.type == COMMAND else {})}),
        "parent": resource.parent,
        "dependencies": sorted(resource.dependencies),
        "provider": f"{resource.provider}::{os.urandom(8).hex()}",
        "propertyDependencies": {name: sorted(resource.dependencies) for name in inputs},
        "deletedWith": resource.deleted_with,
    }


def encrypted(value: Any) -> Any:
    """With a ciphertext for each secret, which no packing makes smaller than its three quarters."""
    if is_secret(value):
        plain = json.dumps(value["value"])
        length = len(plain) + (KEY if PRIVATE_KEY in plain else 0)
        return {SECRET_SIGNATURE: SECRET, "ciphertext": base64.b64encode(os.urandom(length + 28)).decode()}
    if isinstance(value, dict):
        return {name: encrypted(inner) for name, inner in value.items()}
    return [encrypted(inner) for inner in value] if isinstance(value, list) else value


def packed(graph: Graph) -> int:
    """Bytes on disk."""
    return len(zstandard.compress(json.dumps([kept(each) for each in graph], separators=(",", ":")).encode()))


def test_the_state_of_a_lab_is_small_for_each_of_its_nodes(graph: Graph, config: LabConfig) -> None:
    assert packed(graph) / len(config.nodes) < PER_NODE
