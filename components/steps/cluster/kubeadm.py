"""kubeadm's documents as data: pure functions from the checked configuration to v1beta4 YAML text."""

from collections.abc import Sequence

import yaml

from components import quoted_yaml
from components.runtimes import RUNTIMES
from components.steps.cluster import component_mounts
from components.steps.node import kubelet
from config import ClusterConfig, ExtraArg, NodeConfig, SiteConfig, Taint
from config.declared.components import COMPONENTS

KUBEADM_API = "kubeadm.k8s.io/v1beta4"
API_SERVER_PORT = 6443
# kubeadm's own default, which must be named as soon as etcd has any setting.
ETCD_DATA = "/var/lib/etcd"
# In memory, so that no disk keeps it.
JOIN_KUBECONFIG = "/run/kubelab-join.conf"
SIGNING_DURATION = "cluster-signing-duration"


def endpoint(cluster: ClusterConfig, address: str) -> str:
    """host:port at which the API server is asked: the declared one, or the first control plane at `address`."""
    return cluster.control_plane_endpoint or f"{address}:{API_SERVER_PORT}"


def node_registration(node: NodeConfig, address: str, ignore_preflight_errors: Sequence[str]) -> dict[str, object]:
    """How a node joins: its name, its one CRI socket (always named: a machine may hold several), its address."""
    return {
        "name": node.name,
        "criSocket": RUNTIMES[node.runtime].cri_socket,
        "imagePullPolicy": "IfNotPresent",
        "kubeletExtraArgs": [{"name": "node-ip", "value": address}],
        "ignorePreflightErrors": list(ignore_preflight_errors),
        # No pod comes to a worker before its taints do. A control plane has kubeadm's own until it is settled.
        **({"taints": [_taint(each) for each in node.taints]} if node.role == "worker" and node.taints else {}),
    }


def _taint(taint: Taint) -> dict[str, object]:
    return {"key": taint.key, **({"value": taint.value} if taint.value else {}), "effect": taint.effect}


def init_documents(cluster: ClusterConfig, site: SiteConfig, node: NodeConfig, address: str) -> str:
    """The documents of `kubeadm init` for the first control plane, as YAML text.

    KubeletConfiguration has what is the same on every node; a node's own settings are a patch (kubelet.py).
    """
    init = {
        "apiVersion": KUBEADM_API,
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": address, "bindPort": API_SERVER_PORT},
        "nodeRegistration": node_registration(node, address, site.ignore_preflight_errors),
        "patches": {"directory": kubelet.PATCHES},
    }
    cluster_configuration = {
        "apiVersion": KUBEADM_API,
        "kind": "ClusterConfiguration",
        **_kept(cluster),
        **_known_by(cluster, address),
        **_control_plane_settings(cluster),
    }
    kubelet_configuration = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "cgroupDriver": "systemd",
    }
    kube_proxy = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        **cluster.kube_proxy,
    }
    return quoted_yaml.dump_all([init, cluster_configuration, kubelet_configuration, kube_proxy])


def client_documents(cluster: ClusterConfig, address: str) -> str:
    """What kubeadm needs to know of a cluster to make its certificates and kubeconfigs, as YAML text.

    `address` is a control plane's; with it, kubeadm does not look for one of the machine's own.
    """
    init = {
        "apiVersion": KUBEADM_API,
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": address, "bindPort": API_SERVER_PORT},
    }
    cluster_configuration = {
        "apiVersion": KUBEADM_API,
        "kind": "ClusterConfiguration",
        "kubernetesVersion": f"v{cluster.kubernetes_version}",
        **_known_by(cluster, address),
    }
    return quoted_yaml.dump_all([init, cluster_configuration])


def identity(cluster: ClusterConfig, address: str) -> str:
    """What the control plane on the machine at `address` keeps for its life, as YAML text.

    Stored objects depend on the networks; etcd knows its members by their addresses.
    """
    # Compared with what earlier steps left on the machine, so that its spelling stays as it is.
    return yaml.safe_dump({**_kept(cluster), "advertiseAddress": address}, sort_keys=False)


def _kept(cluster: ClusterConfig) -> dict[str, object]:
    return {
        "kubernetesVersion": f"v{cluster.kubernetes_version}",
        "networking": {
            "podSubnet": cluster.pod_subnet,
            "serviceSubnet": cluster.service_subnet,
            "dnsDomain": cluster.dns_domain,
        },
    }


def _known_by(cluster: ClusterConfig, address: str) -> dict[str, object]:
    """How clients know the cluster, and for how long; none of it is kept for the cluster's life."""
    return {
        "clusterName": cluster.name,
        "controlPlaneEndpoint": endpoint(cluster, address),
        "certificateValidityPeriod": f"{cluster.certificate_hours}h",
    }


def _control_plane_settings(cluster: ClusterConfig) -> dict[str, object]:
    """What may be changed while the cluster runs; a component without settings of its own is left out."""
    api_server = {
        **_extra_args(component_mounts.api_server_arguments(cluster)),
        **_extra_volumes("apiServer", cluster),
        **({"certSANs": list(cluster.cert_sans)} if cluster.cert_sans else {}),
    }
    etcd = _extra_args(cluster.etcd_extra_args)
    components = {
        "apiServer": api_server,
        "controllerManager": {
            **_extra_args(_controller_manager_arguments(cluster)),
            **_extra_volumes("controllerManager", cluster),
        },
        "scheduler": {**_extra_args(cluster.scheduler_extra_args), **_extra_volumes("scheduler", cluster)},
        "etcd": {"local": {"dataDir": ETCD_DATA, **etcd}} if etcd else {},
    }
    return {name: settings for name, settings in components.items() if settings}


def _controller_manager_arguments(cluster: ClusterConfig) -> tuple[ExtraArg, ...]:
    """With the validity of what it signs, the kubelets' certificates: they end no sooner than the others."""
    declared = cluster.controller_manager_extra_args
    if any(argument.name == SIGNING_DURATION for argument in declared):
        return declared
    return (*declared, ExtraArg(SIGNING_DURATION, f"{cluster.certificate_hours}h"))


def _extra_args(arguments: Sequence[ExtraArg]) -> dict[str, object]:
    if not arguments:
        return {}
    return {"extraArgs": [{"name": argument.name, "value": argument.value} for argument in arguments]}


def _extra_volumes(key: str, cluster: ClusterConfig) -> dict[str, object]:
    volumes = component_mounts.volumes(COMPONENTS[key], cluster)
    return {"extraVolumes": volumes} if volumes else {}


def join_document(site: SiteConfig, node: NodeConfig, address: str) -> str:
    """The document of `kubeadm join` for a worker, as YAML text; what it joins by lies in a file of its own."""
    return quoted_yaml.dump(
        {
            "apiVersion": KUBEADM_API,
            "kind": "JoinConfiguration",
            "discovery": {"file": {"kubeConfigPath": JOIN_KUBECONFIG}},
            "nodeRegistration": node_registration(node, address, site.ignore_preflight_errors),
            "patches": {"directory": kubelet.PATCHES},
        }
    )
