"""Settings passed on to Kubernetes components as they are, except for those that kubelab or kubeadm must choose, and
those that are dead.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, JsonValue

from config import quantities, retired
from config.problems import shown

LOG_MAX_SIZE, LOG_MAX_FILES = "10Mi", 5
"""The kubelet's own defaults of containerLogMaxSize and containerLogMaxFiles."""

_BY_KUBEADM = "kubeadm sets its own value"
_BY_KUBELAB = "kubelab writes it"
_GATES = "featureGates"

KUBE_PROXY_MODES = ("iptables", "nftables")
"""The modes of kube-proxy, the default first."""
DEPRECATED_KUBE_PROXY_MODE = "ipvs"
"""A mode that still works and is not to be chosen any more."""

_OWNED_KUBELET = {
    "apiVersion": _BY_KUBELAB,
    "kind": _BY_KUBELAB,
    "authentication": _BY_KUBEADM,
    "authorization": _BY_KUBEADM,
    "cgroupDriver": "kubelab sets systemd, in the container runtime too",
    "clusterDNS": "kubeadm takes it from serviceSubnet",
    "clusterDomain": "kubeadm takes it from dnsDomain",
    "containerRuntimeEndpoint": "kubelab sets it by the node's runtime",
    "healthzBindAddress": _BY_KUBEADM,
    "healthzPort": _BY_KUBEADM,
    "imageServiceEndpoint": "kubelab sets it by the node's runtime",
    "podCIDR": "the controller manager gives each node its part of podSubnet",
    "registerNode": "kubeadm needs a kubelet that registers its node",
    "rotateCertificates": _BY_KUBEADM,
    "staticPodPath": _BY_KUBEADM,
}
_OWNED_KUBE_PROXY = {
    "apiVersion": _BY_KUBELAB,
    "kind": _BY_KUBELAB,
    "bindAddress": _BY_KUBEADM,
    "clientConnection": _BY_KUBEADM,
    "clusterCIDR": "kubelab sets podSubnet",
    "hostnameOverride": "kubeadm sets the node's name",
}


class _Passthrough:
    """Refuses the keys of a component's configuration that are not the user's to set, each with its reason, and values
    that would not do: `misfits` gives a line for each.
    """

    def __init__(
        self,
        refused: Mapping[str, str],
        misfits: Callable[[Mapping[str, JsonValue]], Iterator[str]] = lambda _: iter(()),
    ) -> None:
        self._refused = refused
        self._misfits = misfits

    def __call__(self, settings: dict[str, JsonValue]) -> dict[str, JsonValue]:
        found = {key: self._refused[key] for key in settings if key in self._refused}
        dead_socket = retired.container_runtime_endpoint(settings.get("containerRuntimeEndpoint"))
        if dead_socket:
            found["containerRuntimeEndpoint"] = dead_socket
        gates = settings.get(_GATES, {})
        names = gates if isinstance(gates, dict) else ()
        found |= {f"{_GATES}/{gate}": reason for gate, reason in dead_gates(names)}
        misfit = not isinstance(gates, dict) or not all(isinstance(value, bool) for value in gates.values())
        others = [f"found {_GATES} of another kind, wanted: a mapping of each gate to true or false"] * misfit
        refuse(found, [*others, *self._misfits(settings)])
        return settings


def dead_gates(gates: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Those of some feature gates that stop a component, each with its reason."""
    return ((gate, retired.FEATURE_GATES[gate]) for gate in gates if gate in retired.FEATURE_GATES)


def _misfit_log_limits(settings: Mapping[str, JsonValue]) -> Iterator[str]:
    """The limits of a container's log that could not be rendered for a runtime which keeps the logs itself."""
    size, files = settings.get("containerLogMaxSize", LOG_MAX_SIZE), settings.get("containerLogMaxFiles", LOG_MAX_FILES)
    try:
        quantities.in_bytes(str(size))
    except ValueError:
        yield f"found containerLogMaxSize {shown(size)}, wanted: a size such as 10Mi"
    if not isinstance(files, int) or isinstance(files, bool) or files < 2:
        yield f"found containerLogMaxFiles {shown(files)}, wanted: a whole number of 2 or more"


def refuse(found: Mapping[str, str], others: Sequence[str] = ()) -> None:
    """Raises a ValueError that gives the reason against each thing found, and then `others`, if there is any fault."""
    reasons = ", ".join(f"{name} ({reason})" for name, reason in found.items())
    faults = [f"found {reasons}: not to be set here; remove it"] if found else []
    if faults or others:
        raise ValueError("; ".join([*faults, *others]))


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


KubeletSettings = Annotated[
    dict[str, JsonValue], AfterValidator(_Passthrough({**retired.KUBELET, **_OWNED_KUBELET}, _misfit_log_limits))
]
KubeProxySettings = Annotated[dict[str, JsonValue], AfterValidator(_Passthrough(_OWNED_KUBE_PROXY))]
