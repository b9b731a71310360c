"""A state of a lab that was never built: what the program registers, as an engine would have it if all were there."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pulumi.runtime.mocks import MockResourceArgs

from tests.e2e.earlier.kept import imported, with_passphrase
from tests.e2e.project import Project
from tests.graph.conftest import answer
from tests.graph.recording import SECRET, SECRET_SIGNATURE, Graph, Resource, is_secret, revealed

STACK = "pulumi:pulumi:Stack"


def state_of(graph: Graph) -> list[dict[str, Any]]:
    """The resources of a graph, as a state lists them."""
    text = json.dumps([_kept(resource) for resource in graph if resource.type != STACK])
    for recorded in sorted(graph.by_urn, key=len, reverse=True):
        text = text.replace(recorded, _urn(graph, graph.by_urn[recorded]))
    found: list[dict[str, Any]] = json.loads(text)
    return found


def _urn(graph: Graph, resource: Resource) -> str:
    """The URN that an engine gives a resource: by the types of all that it is below, not of the next alone."""
    types, above = [resource.type], graph.by_urn.get(resource.parent)
    while above is not None and above.type != STACK:
        types.append(above.type)
        above = graph.by_urn.get(above.parent)
    before, _, name = resource.urn.rpartition("::")
    return f"{before.rpartition('::')[0]}::{'$'.join(reversed(types))}::{name}"


def project_with(directory: Path, stack: str, resources: Iterable[Mapping[str, Any]]) -> Project:
    """Today's program with a stack that has these resources, its stack file a shipped one of that name."""
    project = Project.copy(directory, stack, "", stack)
    with_passphrase(project)
    project.pulumi("stack", "init")
    root = {"urn": f"urn:pulumi:{stack}::kubelab::{STACK}::kubelab-{stack}", "type": STACK}
    salt = project.read_stack()["encryptionsalt"]
    deployment = {
        "manifest": {"time": "2026-11-01T00:00:00Z", "magic": "", "version": ""},
        "secrets_providers": {"type": "passphrase", "state": {"salt": salt}},
        "resources": [{**root, "custom": False}, *resources],
    }
    imported(project, json.dumps({"version": 3, "deployment": deployment}))
    return project


def _kept(resource: Resource) -> dict[str, Any]:
    inputs = {key: _sealed(value) for key, value in resource.inputs.items()}
    given = MockResourceArgs(resource.type, resource.name, revealed(dict(resource.inputs)), None, None, resource.custom)
    outputs = {**inputs, **{key: _sealed(value) for key, value in answer(given).items()}}
    found = {
        "urn": resource.urn,
        "type": resource.type,
        "custom": resource.custom,
        "inputs": inputs,
        "outputs": outputs if resource.custom else {},
        "parent": resource.parent,
        "provider": resource.provider,
        "dependencies": sorted(resource.dependencies),
        "propertyDependencies": {key: sorted(urns) for key, urns in resource.sources.items() if urns},
        "deletedWith": resource.deleted_with,
    }
    known = {key: value for key, value in found.items() if value}
    return {**known, "id": f"{resource.name}-id"} if resource.custom else known


def _sealed(value: Any) -> Any:
    """A value on the wire as a state that shows its secrets has it."""
    if is_secret(value):
        return {SECRET_SIGNATURE: SECRET, "plaintext": json.dumps(revealed(value))}
    if isinstance(value, dict):
        return {key: _sealed(inner) for key, inner in value.items()}
    return [_sealed(inner) for inner in value] if isinstance(value, list) else value
