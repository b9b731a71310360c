"""What a component of the control plane sees of its machine's files, and the arguments that go with it. Pure data."""

import posixpath
from collections.abc import Iterator

from config import ClusterConfig, ExtraArg
from config.declared.components import (
    AUDIT_LOG_ARGUMENT,
    COMPONENTS,
    ENCRYPTION_ARGUMENT,
    LOGS,
    SECRETS_ENCRYPTION,
    Component,
)

API_SERVER = COMPONENTS["apiServer"]
ENCRYPTION_FILE = f"{API_SERVER.folder}/{SECRETS_ENCRYPTION}"


def files(cluster: ClusterConfig) -> tuple[str, ...]:
    """The paths of all files that components are given, the one with the key of Secrets among them."""
    declared = tuple(file.path for file in cluster.control_plane_files)
    return (*declared, ENCRYPTION_FILE) if cluster.secrets_encryption else declared


def api_server_arguments(cluster: ClusterConfig) -> tuple[ExtraArg, ...]:
    """The API server's arguments: those that are declared, and what encrypts Secrets."""
    encryption = (ExtraArg(ENCRYPTION_ARGUMENT, ENCRYPTION_FILE),) if cluster.secrets_encryption else ()
    return (*cluster.api_server_extra_args, *encryption)


def volumes(component: Component, cluster: ClusterConfig) -> list[dict[str, object]]:
    """What is mounted for a component, as kubeadm writes it: its files, and the folder of an audit log."""
    found = []
    if any(posixpath.dirname(path) == component.folder for path in files(cluster)):
        found.append(_volume("kubelab-files", component.folder, read_only=True))
    if component is API_SERVER:
        found += [_volume("kubelab-audit-log", folder, read_only=False) for folder in sorted(set(_audit_logs(cluster)))]
    return found


def _audit_logs(cluster: ClusterConfig) -> Iterator[str]:
    for argument in cluster.api_server_extra_args:
        folder = posixpath.dirname(argument.value)
        if argument.name == AUDIT_LOG_ARGUMENT and folder.startswith(f"{LOGS}/"):
            yield folder


def _volume(name: str, folder: str, *, read_only: bool) -> dict[str, object]:
    return {
        "name": name,
        "hostPath": folder,
        "mountPath": folder,
        "readOnly": read_only,
        "pathType": "DirectoryOrCreate",
    }
