"""flannel: its manifest at a pinned version, with the cluster's pod subnet. Pure."""

import hashlib
import json
from collections.abc import Mapping

from components import quoted_yaml
from components.records.pod_network import Backend, PodNetwork, PodNetworkRelease, PodNetworkSettings, manifest_inputs
from components.records.release import Download
from components.records.traces import Traces
from config.lab import PodNetworkConfig
from config.platform import MirrorsConfig

RELEASES = (
    PodNetworkRelease(
        manifest=Download(
            version="0.28.9",
            path="github.com/flannel-io/flannel/releases/download/v0.28.9/kube-flannel.yml",
            sha256=(
                # Documentation/kube-flannel.yml of the source tree: what a mirror filled from Go modules has.
                "e875824be2f552b45711dbda91af81b17eb961d00025d914d9fef18fad8f09c0",
                # The release's own, which `make release-manifest` renders from Documentation/kustomization.
                "1c06a15a771009c263bdb1f51c928af46f7606fe969f3963652167938d536aaa",
            ),
        ),
        images=(
            "ghcr.io/flannel-io/flannel:v0.28.9",
            "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3",
        ),
    ),
)


VXLAN = Backend(
    "vxlan",
    about="tunnels, but none between nodes of one network",
    port=8472,
    settings=("port", "mtu"),
    look_at="on a node: ip route, ethtool -K flannel.1 tx-checksum-ip-generic off; or set podNetwork.backend: host-gw",
)
# Its MTU is always the network card's.
HOST_GW = Backend(
    "host-gw",
    about="no tunnels at all, for nodes that are all in one network",
    port=None,
    settings=(),
    look_at="whether all nodes are in one network, and on a node: ip route",
)


def backend(declared: PodNetworkConfig) -> dict[str, object]:
    """The backend in net-conf.json. Nodes of one network reach each other without a tunnel, which VXLAN's checksums and
    ports have broken on vmxnet3 (flannel's Documentation/backends.md, DirectRouting)."""
    if declared.backend == HOST_GW.name:
        return {"Type": HOST_GW.name}
    port = {} if declared.port in (None, VXLAN.port) else {"Port": declared.port}
    mtu = {"MTU": declared.mtu} if declared.mtu else {}
    return {"Type": VXLAN.name, "DirectRouting": True, **port, **mtu}


def kustomization(settings: PodNetworkSettings) -> str:
    """What this cluster changes in flannel's manifest, as a kustomization (YAML text).

    flannel asks the API server at its own address: by the service address it would fail, and back off for minutes, on
    a node whose kube-proxy is not up yet. Its rules are of the same kind as kube-proxy's. It takes the network card
    that has the node's address, where it would else take that of the default route. flanneld reads each of its
    arguments from the environment too, so that the manifest's own arguments stay. A node is Ready before flannel is,
    and a pod that comes in between is tried again only after ten seconds: whoever waits for flannel hears of it soon.
    """
    network = {
        "Network": settings.pod_subnet,
        "EnableNFTables": settings.proxy_mode == "nftables",
        "Backend": backend(settings.declared),
    }
    configuration = json.dumps(network, indent=2) + "\n"
    container = {
        "name": "kube-flannel",
        "env": [
            {"name": "KUBERNETES_SERVICE_HOST", "value": settings.api_host},
            {"name": "KUBERNETES_SERVICE_PORT", "value": settings.api_port},
            {"name": "FLANNELD_IFACE", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
        ],
        "readinessProbe": {"initialDelaySeconds": 0, "periodSeconds": 2},
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
            # flannel reads its configuration when it starts. What it set up works on while it is away, and nodes that
            # differ in it do not reach each other: all start at once.
            "spec": {
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}},
                "template": {
                    "metadata": {"annotations": {"kubelab/configuration": _digest(configuration)}},
                    # Upstream's tolerates NoSchedule alone, and a node without it is never Ready.
                    "spec": {"containers": [container], "tolerations": [{"operator": "Exists"}]},
                },
            },
        },
    ]
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["manifest.yaml"],
        "patches": [{"patch": quoted_yaml.dump(patch)} for patch in patches],
    }
    return quoted_yaml.dump(document)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def inputs(release: PodNetworkRelease, settings: PodNetworkSettings, mirrors: MirrorsConfig) -> Mapping[str, str]:
    """What the script that applies it is given."""
    return manifest_inputs(release, kustomization(settings), mirrors)


POD_NETWORK = PodNetwork(
    name="flannel",
    releases={release.version: release for release in RELEASES},
    inputs=inputs,
    workloads=("kube-flannel daemonset/kube-flannel-ds",),
    look_at=VXLAN.look_at,
    traces=Traces(
        path=("/run/flannel",),
        link=("flannel.1", "flannel-v6.1"),
        chain=("FLANNEL-*",),
        table=("ip flannel-ipv4", "ip6 flannel-ipv6"),
    ),
    is_default=True,
    backends={each.name: each for each in (VXLAN, HOST_GW)},
)
