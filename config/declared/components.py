"""Which files the control plane's components find where they run: what is mounted there, and by whom. Pure data.

The mounts are those of kubeadm's static pods, cmd/kubeadm/app/phases/controlplane/volumes.go of Kubernetes 1.36.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SECRETS_ENCRYPTION = "secrets-encryption.yaml"
"""The file with the key of Secrets, which the API server's machine makes for itself."""
ENCRYPTION_ARGUMENT = "encryption-provider-config"
AUDIT_LOG_ARGUMENT = "audit-log-path"
LOGS = "/var/log"

# Authorities of the system, which kubeadm mounts where a machine has them.
_AUTHORITIES = (
    "/etc/ssl/certs",
    "/etc/ca-certificates",
    "/etc/pki",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
)
_PKI = tuple(
    f"/etc/kubernetes/pki/{name}"
    for name in (
        *("ca.crt", "ca.key", "sa.pub", "sa.key", "front-proxy-ca.crt", "front-proxy-ca.key"),
        *("front-proxy-client.crt", "front-proxy-client.key", "apiserver.crt", "apiserver.key"),
        *("apiserver-kubelet-client.crt", "apiserver-kubelet-client.key"),
        *("apiserver-etcd-client.crt", "apiserver-etcd-client.key", "etcd/ca.crt"),
    )
)
_NAMES_A_FILE = ("-authority", "-cafile", "-certfile", "-config", "-file", "-keyfile", "-kubeconfig")
"""How the names of arguments end whose values are files that must be there, and those that end otherwise."""
_NAME_A_FILE = frozenset({"config", "kubeconfig", "tls-sni-cert-key"})


@dataclass(frozen=True, slots=True)
class Component:
    """A component that may be given files: its key in a stack file, its name as kubeadm's, what it finds by itself."""

    key: str
    name: str
    finds: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Where the files that a user declares for it are, on its machine and in its container."""
        return f"/etc/kubernetes/{self.name}"

    def missing(self, argument: str, value: str) -> str | None:
        """The file that an argument names and nobody brings, unless the user does; None if there is none such."""
        if not argument.endswith(_NAMES_A_FILE) and argument not in _NAME_A_FILE:
            return None
        path = value.partition(",")[0]  # a certificate and its key: tls-sni-cert-key
        known = any(path == found or path.startswith(f"{found}/") for found in self.finds)
        return path if path and not known else None


COMPONENTS: Mapping[str, Component] = MappingProxyType(
    {
        component.key: component
        for component in (
            Component("apiServer", "kube-apiserver", (*_AUTHORITIES, *_PKI)),
            Component(
                "controllerManager",
                "kube-controller-manager",
                (
                    *_AUTHORITIES,
                    *_PKI,
                    "/etc/kubernetes/controller-manager.conf",
                    "/usr/libexec/kubernetes/kubelet-plugins/volume/exec",
                ),
            ),
            Component("scheduler", "kube-scheduler", ("/etc/kubernetes/scheduler.conf",)),
        )
    }
)
