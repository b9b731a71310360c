"""Choices that are dead, not there yet, or never were what they seem: each with the reason and what to write. Pure.

Here: what was right once, will be, or is in many guides. Not here: misspelt words, and versions merely unknown.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

_BY_CRI_DOCKERD = "write docker, which kubelab runs behind cri-dockerd"

RUNTIMES: Mapping[str, str] = MappingProxyType(
    {
        "dockershim": f"which left Kubernetes in 1.24; {_BY_CRI_DOCKERD}",
        "rkt": "whose project ended in 2020; write containerd",
        "frakti": "whose project was archived, its pods in virtual machines are Kata Containers' now; write containerd",
        "runv": "which became Kata Containers in 2018, a sandbox and no container runtime; write containerd or crio",
        "singularity": "whose CRI server is abandoned; write containerd",
        "cri-o": "which is spelt crio here; write crio",
        "docker-ce": "which is a package of docker; write docker",
        "moby": "which is the source that docker is made of; write docker",
        "podman": "which serves no CRI to a kubelet; write crio, which runs containers by the same libraries",
        "cri-dockerd": "which is no runtime, but stands between the kubelet and docker; write docker, which brings it",
        "gvisor": "which is a sandbox for some pods; write containerd or crio as the runtime, and handlers: [gvisor]",
        "kata": "which is a sandbox for some pods; write containerd or crio as the runtime, and handlers: [kata]",
    }
)
"""Words that are no `runtime`, by the word in lower case."""

_NO_VERSION = ("none", "false", "off", "no", "")

KUBE_PROXY_MODES: Mapping[str, str] = MappingProxyType(
    {
        "userspace": "which left Kubernetes in 1.26",
        "kernelspace": "which is for Windows nodes",
    }
)

_WORDS_OF_NESTED_VIRTUALIZATION = {
    "on yes y true enabled": "which says not how much; write require, or prefer where a lab may do without",
    "no n false none disabled": "which is off here; write off",
    "required": "which is require here; write require",
    "preferred": "which is prefer here; write prefer",
}
NESTED_VIRTUALIZATION: Mapping[str, str] = MappingProxyType(
    {word: answer for words, answer in _WORDS_OF_NESTED_VIRTUALIZATION.items() for word in words.split()}
)
"""Words for what `nestedVirtualization` says in one of its own."""

_ALWAYS_ON = "gone, for what it switched is always on"
_GATES_ALWAYS_ON = (
    "AppArmor",
    "CRIContainerLogRotation",
    "CSIMigration",
    "DevicePlugins",
    "EphemeralContainers",
    "HugePages",
    "IPv6DualStack",
    "MountPropagation",
    "PodOverhead",
    "PodPriority",
    "PodSecurity",
    "RotateKubeletClientCertificate",
    "RuntimeClass",
    "SeccompDefault",
    "ServerSideApply",
    "StartupProbe",
    "SupportNodePidsLimit",
    "SupportPodPidsLimit",
    "Sysctls",
    "TTLAfterFinished",
    "TopologyManager",
)

# Absent from pkg/features of Kubernetes 1.36.3, if nothing else is said: a component that is given one does not start.
FEATURE_GATES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_GATES_ALWAYS_ON, _ALWAYS_ON),
        "Accelerators": "gone: device plugins took its place",
        "DynamicAuditing": "gone: the API server's audit-policy-file took its place",
        "DynamicKubeletConfig": "gone: settings stand under kubelet, of the cluster or of one node",
        "ExperimentalCriticalPodAnnotation": "gone: a pod's priorityClassName took its place",
        "KubeletCgroupDriverFromCRI": "locked to true: the kubelet takes the cgroup driver from the container runtime",
        "NodeLocalCRISocket": "kubeadm's own and locked to true",
    }
)
"""Feature gates that stop a component that is given them."""

_NO_CRI = "speaks no CRI since dockershim left Kubernetes in 1.24: write runtime: docker, which brings cri-dockerd"
_RUNTIME_WORD = "gone: the word runtime says it, of the cluster or of one node"
_OF_CNI = "gone with dockershim: the pod network is podNetwork"

# Flags of old kubelets, as guides of that time have them; none is a field of KubeletConfiguration.
KUBELET: Mapping[str, str] = MappingProxyType(
    {
        "cniBinDir": _OF_CNI,
        "cniConfDir": _OF_CNI,
        "containerRuntime": _RUNTIME_WORD,
        "dockerEndpoint": _RUNTIME_WORD,
        "dynamicConfigDir": "gone: settings stand here instead",
        "networkPlugin": _OF_CNI,
        "podInfraContainerImage": "gone: the runtime has it, and kubelab sets the image that kubeadm names",
        "remoteRuntimeEndpoint": _RUNTIME_WORD,
    }
)

_TLS_ALONE = "gone: it serves by TLS alone"
_UNUSED = "gone, without any successor"
_BY_TOLERATIONS = "gone: the API server's default-not-ready-toleration-seconds took its place"
_BY_CONFIGURATION = "gone: a KubeSchedulerConfiguration took its place"

API_SERVER: Mapping[str, str] = MappingProxyType(
    {
        "audit-dynamic-configuration": "gone: audit-policy-file took its place",
        "basic-auth-file": "gone: client certificates, tokens and OIDC took its place",
        "deserialization-cache-size": _UNUSED,
        "enable-swagger-ui": _UNUSED,
        "experimental-encryption-provider-config": "gone: encryption-provider-config took its place",
        "insecure-bind-address": _TLS_ALONE,
        "insecure-port": _TLS_ALONE,
        "kubelet-https": "gone: kubelets are asked by TLS alone",
        "master-service-namespace": _UNUSED,
        "repair-malformed-updates": _UNUSED,
        "service-account-api-audiences": "gone: api-audiences took its place",
        "storage-versions": _UNUSED,
        "target-ram-mb": _UNUSED,
    }
)

CONTROLLER_MANAGER: Mapping[str, str] = MappingProxyType(
    {
        "address": _TLS_ALONE,
        "enable-taint-manager": _BY_TOLERATIONS,
        "experimental-cluster-signing-duration": "gone: cluster-signing-duration took its place",
        "horizontal-pod-autoscaler-use-rest-clients": _UNUSED,
        "pod-eviction-timeout": _BY_TOLERATIONS,
        "port": _TLS_ALONE,
    }
)

SCHEDULER: Mapping[str, str] = MappingProxyType(
    {
        "address": _TLS_ALONE,
        "algorithm-provider": _BY_CONFIGURATION,
        "policy-config-file": _BY_CONFIGURATION,
        "policy-configmap": _BY_CONFIGURATION,
        "port": _TLS_ALONE,
        "use-legacy-policy-config": _BY_CONFIGURATION,
    }
)

ETCD: Mapping[str, str] = MappingProxyType(
    {
        "debug": "gone: log-level took its place",
        "enable-v2": "gone: etcd 3.6 has the v3 API alone",
        "log-output": "gone: log-outputs took its place",
        "proxy": "gone with the v2 API in etcd 3.6",
    }
)

_FIRST_PACKAGED_MINOR, _FIRST_V1BETA4_MINOR, _FIRST_SUPPORTED_MINOR = 24, 31, 35
_FIRST_CONTAINERD, _FIRST_DOCKER = (2, 0), (20, 10)


def kubernetes(version: str, known: Iterable[str]) -> str | None:
    """Why a Kubernetes of that version (`1.23.0`) cannot be built, None if nothing more is known against it.

    `known` are the minors that can be, such as `1.36`.
    """
    release = _release(version)
    if release < (1, _FIRST_PACKAGED_MINOR):
        return f"which has no packages: those of pkgs.k8s.io begin with 1.{_FIRST_PACKAGED_MINOR}"
    if release < (1, _FIRST_V1BETA4_MINOR):
        return f"whose kubeadm cannot read kubeadm.k8s.io/v1beta4, as 1.{_FIRST_V1BETA4_MINOR} and later do"
    if release < (1, _FIRST_SUPPORTED_MINOR):
        return "which has had no fixes since October 2026, or longer"
    if release[:2] > max(map(_release, known)):
        return "which is newer than any that kubelab was tried with"
    return None


def runtime_version(runtime: str, version: str) -> str | None:
    """Why that version of a container runtime cannot be used whatever the Kubernetes; None if nothing is known."""
    if runtime == "containerd" and _release(version) < _FIRST_CONTAINERD:
        return "containerd 1.x has had no fixes since September 2026 and cannot tell the kubelet its cgroup driver"
    if runtime == "docker" and _release(version) < _FIRST_DOCKER:
        return "docker before 20.10 cannot use cgroup v2, with which machines start"
    return None


def no_version(value: object) -> str | None:
    """Why `value` is no version in `runtimeVersions` if it is meant to leave something out; None if it is not."""
    if value is False or value is None or (isinstance(value, str) and value.lower() in _NO_VERSION):
        return (
            "wanted: a version; docker reaches a kubelet through cri-dockerd alone, and no runtime can be left out: "
            "remove the key for the default"
        )
    return None


def container_runtime_endpoint(endpoint: object) -> str | None:
    """Why a kubelet cannot be pointed at that socket; None if nothing is known against it."""
    name = str(endpoint).rpartition("/")[2]
    return f"{name} {_NO_CRI}" if name in ("docker.sock", "dockershim.sock") else None


def _release(version: str) -> tuple[int, ...]:
    """Major and minor of `1.36.3`."""
    return tuple(int(part) for part in version.split(".")[:2])
