"""PodNetwork: flannel at a pinned version, with the cluster's pod subnet."""

import hashlib
import json

import pulumi
import yaml

from components.control_plane import ControlPlane
from components.node import Node
from components.script import Script
from config import ClusterConfig, MirrorsConfig
from config.versions import FlannelRelease


def kustomization(pod_subnet: str, proxy_mode: str, api_host: str, api_port: str) -> str:
    """What this cluster changes in flannel's manifest, as a kustomization (YAML text).

    flannel asks the API server at its own address: by the service address it would fail, and back off for minutes, on
    a node whose kube-proxy is not up yet. Its rules are of the same kind as kube-proxy's, whose mode is ``proxy_mode``.
    """
    network = {"Network": pod_subnet, "EnableNFTables": proxy_mode == "nftables", "Backend": {"Type": "vxlan"}}
    configuration = json.dumps(network, indent=2) + "\n"
    container = {
        "name": "kube-flannel",
        "env": [
            {"name": "KUBERNETES_SERVICE_HOST", "value": api_host},
            {"name": "KUBERNETES_SERVICE_PORT", "value": api_port},
        ],
    }
    patches = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "kube-flannel-cfg", "namespace": "kube-flannel"},
            "data": {"net-conf.json": configuration},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "kube-flannel-ds", "namespace": "kube-flannel"},
            # flannel reads its configuration when it starts.
            "spec": {
                "template": {
                    "metadata": {"annotations": {"kubelab/configuration": _digest(configuration)}},
                    "spec": {"containers": [container]},
                }
            },
        },
    ]
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["manifest.yaml"],
        "patches": [{"patch": yaml.safe_dump(patch, sort_keys=False)} for patch in patches],
    }
    return yaml.safe_dump(document, sort_keys=False)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class PodNetwork(pulumi.ComponentResource):
    """The cluster's pod network, applied once the API server answers; it reaches workers as they join."""

    applied: Script

    def __init__(
        self,
        name: str,
        *,
        cluster: ClusterConfig,
        release: FlannelRelease,
        mirrors: MirrorsConfig,
        node: Node,
        control_plane: ControlPlane,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:cluster:PodNetwork", name, None, opts)
        url = release.manifest_url
        if mirrors.files:
            url = f"{mirrors.files}/{url.removeprefix('https://')}"
        self.applied = Script(
            f"{name}-apply",
            file="45-apply-pod-network.sh",
            host=node.host,
            environment={
                "MANIFEST_URL": url,
                "MANIFEST_SHA256": " ".join(release.manifest_sha256),
                "KUSTOMIZATION": control_plane.endpoint.apply(
                    lambda endpoint: kustomization(
                        cluster.pod_subnet, str(cluster.kube_proxy["mode"]), *endpoint.rsplit(":", 1)
                    )
                ),
            },
            timeout_seconds=300,
            opts=pulumi.ResourceOptions(parent=self),
            depends_on=[control_plane.initialised],
        )
        self.register_outputs({})
