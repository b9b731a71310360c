"""kubeadm's documents as data: pure functions from the checked configuration to v1beta4 YAML text."""

from collections.abc import Mapping, Sequence

import yaml

from config import ClusterConfig, NodeConfig, SiteConfig

KUBEADM_API = "kubeadm.k8s.io/v1beta4"
API_SERVER_PORT = 6443
CRI_SOCKETS: Mapping[str, str] = {"containerd": "unix:///run/containerd/containerd.sock"}


def api_endpoint(address: str) -> str:
    """host:port of the API server on the machine at ``address``."""
    return f"{address}:{API_SERVER_PORT}"


def node_registration(node: NodeConfig, address: str, ignore_preflight_errors: Sequence[str]) -> dict[str, object]:
    """How a node joins: its name, its one CRI socket (always named: a machine may hold several), its address."""
    return {
        "name": node.name,
        "criSocket": CRI_SOCKETS[node.runtime],
        "imagePullPolicy": "IfNotPresent",
        "kubeletExtraArgs": [{"name": "node-ip", "value": address}],
        "ignorePreflightErrors": list(ignore_preflight_errors),
    }


def init_documents(cluster: ClusterConfig, site: SiteConfig, node: NodeConfig, address: str) -> str:
    """The documents of ``kubeadm init`` for the first control plane, as YAML text."""
    init = {
        "apiVersion": KUBEADM_API,
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": address, "bindPort": API_SERVER_PORT},
        "nodeRegistration": node_registration(node, address, site.ignore_preflight_errors),
    }
    cluster_configuration = {
        "apiVersion": KUBEADM_API,
        "kind": "ClusterConfiguration",
        "kubernetesVersion": f"v{cluster.kubernetes_version}",
        "controlPlaneEndpoint": api_endpoint(address),
        "networking": {
            "podSubnet": cluster.pod_subnet,
            "serviceSubnet": cluster.service_subnet,
            "dnsDomain": cluster.dns_domain,
        },
    }
    kubelet = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        **site.kubelet,
        "cgroupDriver": "systemd",
    }
    kube_proxy = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        **site.kube_proxy,
    }
    return render([init, cluster_configuration, kubelet, kube_proxy])


def join_document(
    site: SiteConfig, node: NodeConfig, address: str, endpoint: str, token: str, ca_cert_hash: str
) -> str:
    """The document of ``kubeadm join`` for a worker, as YAML text; it holds the token, so it is a secret."""
    return render(
        [
            {
                "apiVersion": KUBEADM_API,
                "kind": "JoinConfiguration",
                "discovery": {
                    "bootstrapToken": {
                        "apiServerEndpoint": endpoint,
                        "token": token,
                        "caCertHashes": [ca_cert_hash],
                    }
                },
                "nodeRegistration": node_registration(node, address, site.ignore_preflight_errors),
            }
        ]
    )


def render(documents: Sequence[Mapping[str, object]]) -> str:
    """Several documents as one YAML text, keys in the order given."""
    return yaml.safe_dump_all(documents, sort_keys=False, default_flow_style=False)
