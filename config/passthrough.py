"""Settings passed on to Kubernetes components as they are, but for those that kubeadm or kubelab chooses and the dead.

No schema here: these are plain data and checks of it, which components use too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from pydantic import JsonValue

from config import retired
from config.kubernetes.quantities import in_bytes
from config.problems import shown

LOG_MAX_SIZE, LOG_MAX_FILES = "10Mi", 5
"""The kubelet's own defaults of containerLogMaxSize and containerLogMaxFiles."""
_MOST_LOG_FILES = 2**31 - 1

KUBE_PROXY_MODES = ("iptables", "nftables")
"""The modes of kube-proxy, the default first."""
DEPRECATED_KUBE_PROXY_MODE = "ipvs"
"""A mode that still works and is not to be chosen any more."""

_GATES = "featureGates"
_GATES_ARGUMENT = "feature-gates"

_BY_KUBEADM = "kubeadm sets its own value"
_BY_KUBELAB = "kubelab writes it"
_BY_SERVICE_SUBNET = "kubeadm takes it from serviceSubnet"


def _by_kubeadm(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), _BY_KUBEADM)


_OWNED_KUBELET = {
    "apiVersion": _BY_KUBELAB,
    "kind": _BY_KUBELAB,
    **_by_kubeadm("authentication authorization healthzBindAddress healthzPort rotateCertificates staticPodPath"),
    "cgroupDriver": "kubelab sets systemd, in the container runtime too",
    "clusterDNS": _BY_SERVICE_SUBNET,
    "clusterDomain": "kubeadm takes it from dnsDomain",
    "containerRuntimeEndpoint": "kubelab sets it by the node's runtime",
    "imageServiceEndpoint": "kubelab sets it by the node's runtime",
    "podCIDR": "the controller manager gives each node its part of podSubnet",
    "registerNode": "kubeadm needs a kubelet that registers its node",
}

_OWNED_KUBE_PROXY = {
    "apiVersion": _BY_KUBELAB,
    "kind": _BY_KUBELAB,
    **_by_kubeadm("bindAddress clientConnection"),
    "clusterCIDR": "kubelab sets podSubnet",
    "hostnameOverride": "kubeadm sets the node's name",
}

_OWNED_API_SERVER = {
    **_by_kubeadm(
        """
        advertise-address allow-privileged client-ca-file enable-bootstrap-token-auth etcd-cafile etcd-certfile
        etcd-keyfile etcd-servers kubelet-client-certificate kubelet-client-key proxy-client-cert-file
        proxy-client-key-file requestheader-allowed-names requestheader-client-ca-file
        requestheader-extra-headers-prefix requestheader-group-headers requestheader-username-headers secure-port
        service-account-key-file service-account-signing-key-file tls-cert-file tls-private-key-file
        """
    ),
    "service-cluster-ip-range": _BY_SERVICE_SUBNET,
}

_OWNED_CONTROLLER_MANAGER = {
    **_by_kubeadm(
        """
        allocate-node-cidrs authentication-kubeconfig authorization-kubeconfig client-ca-file cluster-name
        cluster-signing-cert-file cluster-signing-key-file controllers kubeconfig requestheader-client-ca-file
        root-ca-file service-account-private-key-file use-service-account-credentials
        """
    ),
    "cluster-cidr": "kubeadm takes it from podSubnet",
    "node-cidr-mask-size": "each node gets a /24 of podSubnet, which kubelab checks podSubnet's size by",
    "service-cluster-ip-range": _BY_SERVICE_SUBNET,
}

_OWNED_SCHEDULER = _by_kubeadm("authentication-kubeconfig authorization-kubeconfig kubeconfig")

_OWNED_ETCD = _by_kubeadm(
    """
    advertise-client-urls cert-file client-cert-auth data-dir initial-advertise-peer-urls initial-cluster
    initial-cluster-state key-file listen-client-urls listen-metrics-urls listen-peer-urls name
    peer-cert-file peer-client-cert-auth peer-key-file peer-trusted-ca-file trusted-ca-file
    """
)


class _Argument(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> str: ...


_A = TypeVar("_A", bound=_Argument)


def _settings_check(
    refused: Mapping[str, str],
    misfits: Callable[[Mapping[str, JsonValue]], Iterator[str]] = lambda _: iter(()),
) -> Callable[[dict[str, JsonValue]], dict[str, JsonValue]]:
    """A check of a component's settings: refuses the keys of `refused`, each with its reason, and dead feature gates.

    `misfits` gives a line for each value that would not do. The check returns the settings. It raises: ValueError.
    """

    def check(settings: dict[str, JsonValue]) -> dict[str, JsonValue]:
        found = {key: refused[key] for key in settings if key in refused}
        dead_socket = retired.container_runtime_endpoint(settings.get("containerRuntimeEndpoint"))
        if dead_socket:
            found["containerRuntimeEndpoint"] = dead_socket
        gates = settings.get(_GATES, {})
        names = gates if isinstance(gates, dict) else ()
        found |= {f"{_GATES}/{gate}": reason for gate, reason in _dead_gates(names)}
        misfit = not isinstance(gates, dict) or not all(isinstance(value, bool) for value in gates.values())
        others = [f"found {_GATES} of another kind, wanted: a mapping of each gate to true or false"] * misfit
        _refuse(found, [*others, *misfits(settings)])
        return settings

    return check


def _arguments_check(refused: Mapping[str, str]) -> Callable[[tuple[_A, ...]], tuple[_A, ...]]:
    """A check of a component's arguments, as `_settings_check` makes one of its settings."""

    def check(arguments: tuple[_A, ...]) -> tuple[_A, ...]:
        found = {each.name: refused[each.name] for each in arguments if each.name in refused}
        for each in arguments:
            if each.name == _GATES_ARGUMENT:
                gates = (gate.partition("=")[0].strip() for gate in each.value.split(","))
                found |= {f"{_GATES_ARGUMENT} {gate}": reason for gate, reason in _dead_gates(gates)}
        _refuse(found)
        return arguments

    return check


def _misfit_log_limits(settings: Mapping[str, JsonValue]) -> Iterator[str]:
    """The limits of a container's log that could not be rendered for a runtime which keeps the logs itself."""
    size, files = settings.get("containerLogMaxSize", LOG_MAX_SIZE), settings.get("containerLogMaxFiles", LOG_MAX_FILES)
    try:
        in_bytes(size if isinstance(size, str) else "")
    except ValueError:
        yield f"found containerLogMaxSize {shown(size)}, wanted: a size such as 10Mi"
    if not isinstance(files, int) or isinstance(files, bool) or not 2 <= files <= _MOST_LOG_FILES:
        yield f"found containerLogMaxFiles {shown(files)}, wanted: a whole number of 2 or more"


def merged(*settings: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Settings of one component, later ones over earlier ones key by key, and their feature gates gate by gate."""
    together: dict[str, JsonValue] = {}
    for each in settings:
        gates = {**_gates(together), **_gates(each)}
        together |= each
        if gates:
            together[_GATES] = gates
    return together


def _gates(settings: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    gates = settings.get(_GATES)
    return gates if isinstance(gates, dict) else {}


def _dead_gates(gates: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((gate, retired.FEATURE_GATES[gate]) for gate in gates if gate in retired.FEATURE_GATES)


def _refuse(found: Mapping[str, str], others: Sequence[str] = ()) -> None:
    """Raises a ValueError that gives the reason against each thing found, and then `others`, if there is any fault."""
    reasons = ", ".join(f"{name} ({reason})" for name, reason in found.items())
    faults = [f"found {reasons}: not to be set here; remove it"] if found else []
    if faults or others:
        raise ValueError("; ".join([*faults, *others]))


check_kubelet = _settings_check({**retired.KUBELET, **_OWNED_KUBELET}, _misfit_log_limits)
check_kube_proxy = _settings_check(_OWNED_KUBE_PROXY)
check_api_server = _arguments_check({**retired.API_SERVER, **_OWNED_API_SERVER})
check_controller_manager = _arguments_check({**retired.CONTROLLER_MANAGER, **_OWNED_CONTROLLER_MANAGER})
check_scheduler = _arguments_check({**retired.SCHEDULER, **_OWNED_SCHEDULER})
check_etcd = _arguments_check({**retired.ETCD, **_OWNED_ETCD})
