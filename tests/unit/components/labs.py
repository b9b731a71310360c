"""A checked lab as the configuration's door would give it, built by hand: one control plane and two workers."""

from config import (
    AddressesConfig,
    ClusterConfig,
    ImageConfig,
    LabConfig,
    MachineConfig,
    MirrorsConfig,
    NodeConfig,
    PodNetworkConfig,
    SiteConfig,
    SshConfig,
    TlsConfig,
    VsphereConfig,
)

UPSTREAM = MirrorsConfig(None, None, None, None, {}, None)
MIRRORED = MirrorsConfig(
    ca_pem="-----BEGIN CERTIFICATE-----\n",
    apt_kubernetes="https://mirror.test/apt/kubernetes",
    apt_docker="https://mirror.test/apt/docker",
    apt_debian="https://mirror.test/apt/debian",
    registries={
        "registry.k8s.io": "https://mirror.test/v2/registry.k8s.io",
        "ghcr.io": "https://mirror.test/v2/ghcr.io",
    },
    files="https://mirror.test/files",
)
CLUSTER = ClusterConfig(
    kubernetes_version="1.36.3",
    pod_subnet="10.244.0.0/16",
    service_subnet="10.96.0.0/12",
    dns_domain="cluster.local",
    pod_network=PodNetworkConfig("flannel", "0.28.9"),
)
IMAGE = ImageConfig("/images/node.ova", "a" * 64)
MACHINE = MachineConfig(cpus=2, memory_mib=2048, disk_gib=10, nested_virtualization=True, extra_config={})
SITE = SiteConfig(
    vsphere=VsphereConfig("esxi.test", 443, "root", None, (), TlsConfig(None, None), "ds", "VM Network", IMAGE),
    addresses=AddressesConfig("dhcp", "10.87.0.0/24", None, ()),
    ssh=SshConfig("lab"),
    mirrors=UPSTREAM,
    kubelet={},
    kube_proxy={},
    ignore_preflight_errors=(),
)
CONTROL_PLANE = NodeConfig("cp1", "controlPlane", "containerd", "2.3.4", MACHINE, IMAGE, None)
WORKERS = tuple(NodeConfig(name, "worker", "containerd", "2.3.4", MACHINE, IMAGE, None) for name in ("w1", "w2"))
LAB = LabConfig("test", CLUSTER, (CONTROL_PLANE, *WORKERS), SITE)
