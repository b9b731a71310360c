"""Rules across a component's arguments and files: what an argument names must be there."""

import posixpath
from collections.abc import Collection, Iterator, Mapping

from config.declared.components import (
    AUDIT_LOG_ARGUMENT,
    COMPONENTS,
    ENCRYPTION_ARGUMENT,
    LOGS,
    SECRETS_ENCRYPTION,
    Component,
)
from config.declared.control_plane import ExtraArgSpec
from config.documents import Documents
from config.problems import Problem, shown


def broken_rules(documents: Documents) -> Iterator[Problem]:
    """Every rule of arguments and files that the documents break."""
    cluster = documents.cluster
    declared: Mapping[str, tuple[tuple[ExtraArgSpec, ...], Collection[str]]] = {
        "apiServer": (cluster.api_server.extra_args, cluster.api_server.files),
        "controllerManager": (cluster.controller_manager.extra_args, cluster.controller_manager.files),
        "scheduler": (cluster.scheduler.extra_args, cluster.scheduler.files),
    }
    for key, (arguments, files) in declared.items():
        for index, argument in enumerate(arguments):
            text = _missing(COMPONENTS[key], argument, files)
            if text:
                yield documents.in_cluster(f"{key}/extraArgs/{index}", text)
    yield from _audit_log(documents)
    yield from _encryption_said_twice(documents)


def _missing(component: Component, argument: ExtraArgSpec, files: Collection[str]) -> str | None:
    path = component.missing(argument.name, argument.value)
    folder, name = posixpath.split(path or "")
    if path is None or (folder == component.folder and name in files):
        return None
    wanted = f"{component.folder}/{name}"
    found = f"{argument.name} names {shown(path)}, which no file brings"
    if name in files:
        return f"{found}; write {wanted}, which {component.key}/files brings"
    also = "" if path == wanted else f", and write {wanted} here"
    return f"{found}; add it below {component.key}/files as {name}{also}"


def _audit_log(documents: Documents) -> Iterator[Problem]:
    """A folder of its own is mounted for it: the API server would have no other place to write to."""
    for index, argument in enumerate(documents.cluster.api_server.extra_args):
        value = argument.value
        # What is no single line is refused as such.
        if argument.name != AUDIT_LOG_ARGUMENT or value == "-" or not value.isprintable():
            continue
        folder = posixpath.dirname(value)
        if posixpath.normpath(value) != value or not folder.startswith(f"{LOGS}/"):
            text = f"found {argument.name} {shown(value)}, wanted: - or a file in a folder below {LOGS}"
            yield documents.in_cluster(f"apiServer/extraArgs/{index}", f"{text}, such as {LOGS}/kubernetes/audit.log")


def _encryption_said_twice(documents: Documents) -> Iterator[Problem]:
    api_server = documents.cluster.api_server
    if not documents.cluster.secrets_encryption:
        return
    if any(argument.name == ENCRYPTION_ARGUMENT for argument in api_server.extra_args):
        text = f"found with {ENCRYPTION_ARGUMENT} in apiServer/extraArgs too, allowed: one of them"
        yield documents.in_cluster("secretsEncryption", text)
    if SECRETS_ENCRYPTION in api_server.files:
        text = f"found with {SECRETS_ENCRYPTION} in apiServer/files too, which kubelab writes; name that file otherwise"
        yield documents.in_cluster("secretsEncryption", text)
