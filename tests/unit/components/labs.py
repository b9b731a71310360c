"""A checked lab as `config.load` would give it, built by hand: one control plane and two workers."""

from dataclasses import replace

from pydantic import SecretStr

from components.pod_networks import POD_NETWORKS
from config import (
    AddressesConfig,
    ClusterConfig,
    ImageConfig,
    LabConfig,
    MachineConfig,
    MirrorsConfig,
    NodeConfig,
    PodNetworkConfig,
    RegistryConfig,
    Role,
    SiteConfig,
    SshConfig,
    TlsConfig,
    VsphereConfig,
    releases,
    versions,
)

RELEASE = versions.kubernetes(versions.TRIED)
RUNTIME_VERSIONS = releases.runtime_versions(RELEASE, {})

AUTHORITY = "-----BEGIN CERTIFICATE-----\nbWlycm9y\n-----END CERTIFICATE-----\n"
OTHER_AUTHORITY = AUTHORITY.replace("bWlycm9y", "cmVnaXN0cnk")

UPSTREAM = MirrorsConfig(
    ca_pem=None,
    apt_kubernetes=None,
    apt_docker={},
    apt_crio=None,
    apt_debian=None,
    apt_ubuntu=None,
    files=None,
    checksums={},
    package_keys={},
)
MIRRORED = MirrorsConfig(
    ca_pem=AUTHORITY,
    apt_kubernetes="https://mirror.test/apt/kubernetes",
    apt_docker={"": "https://mirror.test/apt/docker"},
    apt_crio="https://mirror.test/apt/crio",
    apt_debian="https://mirror.test/apt/debian",
    apt_ubuntu="https://mirror.test/apt/ubuntu",
    files="https://mirror.test/files",
    checksums={},
    package_keys={},
)
HUB = RegistryConfig("docker.io", "https://hub.test:5000/v2", AUTHORITY, "", None)
GHCR = RegistryConfig("ghcr.io", "https://mirror.test/v2/ghcr.io", AUTHORITY, "", None)
GUARDED_MIRROR = RegistryConfig(
    "quay.io", "https://quay.test:5001/v2/quay.io", "", "reader", SecretStr("the-password-of-the-mirror")
)
KUBERNETES_IMAGES = RegistryConfig("registry.k8s.io", "https://mirror.test/v2/registry.k8s.io", AUTHORITY, "", None)
PRIVATE = RegistryConfig("registry.lab:5000", "", OTHER_AUTHORITY, "puller", SecretStr("the-password-of-the-registry"))
REGISTRIES = (HUB, GHCR, GUARDED_MIRROR, KUBERNETES_IMAGES, PRIVATE)

_POD_NETWORK = next(iter(POD_NETWORKS.values()))
CLUSTER = ClusterConfig(
    name="lab",
    certificate_hours=26280,
    kubernetes_version=RELEASE.version,
    runtime_versions=RUNTIME_VERSIONS,
    pod_subnet="10.244.0.0/16",
    service_subnet="10.96.0.0/12",
    dns_domain="cluster.local",
    pod_network=PodNetworkConfig(_POD_NETWORK.name, next(iter(_POD_NETWORK.releases)), "vxlan", 8472),
    kube_proxy={"mode": "iptables"},
    control_plane_endpoint=None,
    cert_sans=(),
    secrets_encryption=False,
    control_plane_files=(),
    api_server_extra_args=(),
    controller_manager_extra_args=(),
    scheduler_extra_args=(),
    etcd_extra_args=(),
)
IMAGE = ImageConfig("/images/node.ova", "a" * 64, "debian-12")
MACHINE = MachineConfig(cpus=2, memory_mib=2048, disk_gib=10, nested_virtualization="require", extra_config={})
SITE = SiteConfig(
    vsphere=(VsphereConfig("esxi.test", 443, "root", None, (), TlsConfig(None, None), "ds", "VM Network", IMAGE),),
    addresses=AddressesConfig("10.87.0.0/24"),
    ssh=SshConfig("lab", authorized_keys=()),
    mirrors=UPSTREAM,
    registries=(),
    ignore_preflight_errors=(),
)


def node(name: str, role: Role = "worker", runtime: str = "containerd") -> NodeConfig:
    """A node with every default."""
    return NodeConfig(
        allow_replace=False,
        name=name,
        role=role,
        runtime=runtime,
        runtime_version=RUNTIME_VERSIONS[runtime],
        machine=MACHINE,
        image=IMAGE,
        kubelet={},
        clean_install=False,
        on_runtime_change="replaceMachine",
        files=(),
        labels={},
        taints=(),
        schedulable=role == "worker",
    )


CONTROL_PLANE = node("cp1", "controlPlane")
WORKERS = (node("w1"), node("w2"))
LAB = LabConfig("test", CLUSTER, (CONTROL_PLANE, *WORKERS), SITE, warnings=())
MIXED = replace(LAB, nodes=(CONTROL_PLANE, node("w1", runtime="docker"), node("w2", runtime="crio")))
