"""Settings passed on to Kubernetes components as they are, except for those that kubelab or kubeadm must choose."""

from typing import Annotated

from pydantic import AfterValidator, JsonValue

_OWNED_BY_KUBEADM = "kubeadm needs its own value here"
_OWNED_KUBELET = {
    "apiVersion": "kubelab writes it",
    "kind": "kubelab writes it",
    "authentication": _OWNED_BY_KUBEADM,
    "authorization": _OWNED_BY_KUBEADM,
    "cgroupDriver": "it is systemd, in the container runtime too",
    "clusterDNS": "it follows serviceSubnet",
    "clusterDomain": "it is dnsDomain",
    "containerRuntimeEndpoint": "it follows the node's runtime",
    "healthzBindAddress": _OWNED_BY_KUBEADM,
    "healthzPort": _OWNED_BY_KUBEADM,
    "rotateCertificates": _OWNED_BY_KUBEADM,
    "staticPodPath": _OWNED_BY_KUBEADM,
}
_OWNED_KUBE_PROXY = {
    "apiVersion": "kubelab writes it",
    "kind": "kubelab writes it",
    "bindAddress": _OWNED_BY_KUBEADM,
    "clientConnection": _OWNED_BY_KUBEADM,
    "clusterCIDR": "it is podSubnet",
    "hostnameOverride": "it is the node's name",
}


class _Passthrough:
    """Refuses the keys of a component's configuration that kubelab sets itself, each with its reason."""

    def __init__(self, owned: dict[str, str]) -> None:
        self._owned = owned

    def __call__(self, settings: dict[str, JsonValue]) -> dict[str, JsonValue]:
        found = [f"{key} ({self._owned[key]})" for key in settings if key in self._owned]
        if found:
            raise ValueError(f"found {', '.join(found)}: not to be set here; remove it")
        return settings


KubeletSettings = Annotated[dict[str, JsonValue], AfterValidator(_Passthrough(_OWNED_KUBELET))]
KubeProxySettings = Annotated[dict[str, JsonValue], AfterValidator(_Passthrough(_OWNED_KUBE_PROXY))]
