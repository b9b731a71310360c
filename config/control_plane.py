"""What a user may write about the components of the control plane, beyond what kubeadm and kubelab set themselves."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from config import retired
from config.locations import CertificateName
from config.model import Spec
from config.passthrough import dead_gates, refuse

_BY_KUBEADM = "kubeadm sets its own value"
_BY_SERVICE_SUBNET = "kubeadm takes it from serviceSubnet"


def _by_kubeadm(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, _BY_KUBEADM)


_OWNED_API_SERVER = {
    **_by_kubeadm(
        "advertise-address",
        "allow-privileged",
        "client-ca-file",
        "enable-bootstrap-token-auth",
        "etcd-cafile",
        "etcd-certfile",
        "etcd-keyfile",
        "etcd-servers",
        "kubelet-client-certificate",
        "kubelet-client-key",
        "proxy-client-cert-file",
        "proxy-client-key-file",
        "requestheader-allowed-names",
        "requestheader-client-ca-file",
        "requestheader-extra-headers-prefix",
        "requestheader-group-headers",
        "requestheader-username-headers",
        "secure-port",
        "service-account-key-file",
        "service-account-signing-key-file",
        "tls-cert-file",
        "tls-private-key-file",
    ),
    "service-cluster-ip-range": _BY_SERVICE_SUBNET,
}
_OWNED_CONTROLLER_MANAGER = {
    **_by_kubeadm(
        "allocate-node-cidrs",
        "authentication-kubeconfig",
        "authorization-kubeconfig",
        "client-ca-file",
        "cluster-name",
        "cluster-signing-cert-file",
        "cluster-signing-key-file",
        "controllers",
        "kubeconfig",
        "requestheader-client-ca-file",
        "root-ca-file",
        "service-account-private-key-file",
        "use-service-account-credentials",
    ),
    "cluster-cidr": "kubeadm takes it from podSubnet",
    "node-cidr-mask-size": "each node gets a /24 of podSubnet, which kubelab checks podSubnet's size by",
    "service-cluster-ip-range": _BY_SERVICE_SUBNET,
}
_OWNED_SCHEDULER = _by_kubeadm("authentication-kubeconfig", "authorization-kubeconfig", "kubeconfig")
_OWNED_ETCD = _by_kubeadm(
    "advertise-client-urls",
    "cert-file",
    "client-cert-auth",
    "data-dir",
    "initial-advertise-peer-urls",
    "initial-cluster",
    "initial-cluster-state",
    "key-file",
    "listen-client-urls",
    "listen-metrics-urls",
    "listen-peer-urls",
    "name",
    "peer-cert-file",
    "peer-client-cert-auth",
    "peer-key-file",
    "peer-trusted-ca-file",
    "trusted-ca-file",
)


def _argument_name(value: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", value):
        return value
    bare = value.lstrip("-").partition("=")[0]
    hint = f", for example {bare}" if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", bare) else ""
    raise ValueError(f"wanted: the argument's name, without dashes before it and without its value{hint}")


class ExtraArgSpec(Spec):
    """An argument of a component, as kubeadm writes it."""

    name: Annotated[str, AfterValidator(_argument_name)] = Field(description="the argument's name, without dashes")
    value: str = Field(description="its value, always a text")


class _Arguments:
    """Refuses the arguments that are not the user's to set, and feature gates that are dead, each with its reason."""

    def __init__(self, refused: Mapping[str, str]) -> None:
        self._refused = refused

    def __call__(self, arguments: tuple[ExtraArgSpec, ...]) -> tuple[ExtraArgSpec, ...]:
        found = {each.name: self._refused[each.name] for each in arguments if each.name in self._refused}
        for each in arguments:
            if each.name == "feature-gates":
                gates = (gate.partition("=")[0].strip() for gate in each.value.split(","))
                found |= {f"feature-gates {gate}": reason for gate, reason in dead_gates(gates)}
        refuse(found)
        return arguments


_Args = Annotated[tuple[ExtraArgSpec, ...], Field(strict=False)]
_DESCRIPTION = "arguments added to those that kubeadm gives it"


class ApiServerSpec(Spec):
    """The API server."""

    extra_args: Annotated[_Args, AfterValidator(_Arguments({**retired.API_SERVER, **_OWNED_API_SERVER}))] = Field(
        default=(), description=_DESCRIPTION
    )
    cert_sans: Annotated[tuple[CertificateName, ...], Field(strict=False)] = Field(
        default=(), alias="certSANs", description="host names and IP addresses added to its certificate"
    )


class ControllerManagerSpec(Spec):
    """The controller manager."""

    extra_args: Annotated[
        _Args, AfterValidator(_Arguments({**retired.CONTROLLER_MANAGER, **_OWNED_CONTROLLER_MANAGER}))
    ] = Field(default=(), description=_DESCRIPTION)


class SchedulerSpec(Spec):
    """The scheduler."""

    extra_args: Annotated[_Args, AfterValidator(_Arguments({**retired.SCHEDULER, **_OWNED_SCHEDULER}))] = Field(
        default=(), description=_DESCRIPTION
    )


class EtcdSpec(Spec):
    """The control plane's own etcd."""

    extra_args: Annotated[_Args, AfterValidator(_Arguments({**retired.ETCD, **_OWNED_ETCD}))] = Field(
        default=(), description=_DESCRIPTION
    )
