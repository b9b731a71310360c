"""From what the user wrote to the whole lab: defaults, overrides and absolute paths. Pure; the input has no faults."""

import os.path
from dataclasses import dataclass
from pathlib import Path

from config import lab, versions
from config.documents import Documents
from config.machine import ImageSpec, MachineOverride, MachineSpec
from config.site import MirrorsSpec, SiteSpec, VsphereSpec
from config.site_files import SiteFiles
from config.stack import ClusterSpec, NodeSpec

_DEFAULT_PORT = 443


@dataclass(frozen=True, slots=True)
class Folders:
    """The absolute folders that the paths of the two files are relative to."""

    stack: Path
    site: Path


def resolve(stack: str, documents: Documents, site: SiteSpec, files: SiteFiles, folders: Folders) -> lab.LabConfig:
    """The lab of two documents without faults."""
    cluster = documents.cluster
    site_config = _site(site, files, folders.site)
    return lab.LabConfig(
        stack=stack,
        cluster=_cluster(cluster),
        nodes=tuple(
            _node(name, node, cluster, site.machine, site_config.vsphere.image, folders.stack)
            for name, node in documents.nodes.items()
        ),
        site=site_config,
    )


def _cluster(cluster: ClusterSpec) -> lab.ClusterConfig:
    return lab.ClusterConfig(
        kubernetes_version=cluster.kubernetes_version,
        pod_subnet=str(cluster.pod_subnet),
        service_subnet=str(cluster.service_subnet),
        dns_domain=cluster.dns_domain,
        pod_network=lab.PodNetworkConfig(
            plugin=cluster.pod_network.plugin,
            version=cluster.pod_network.version or versions.default_flannel(),
        ),
    )


def _node(
    name: str, node: NodeSpec, cluster: ClusterSpec, machine: MachineSpec, image: lab.ImageConfig, folder: Path
) -> lab.NodeConfig:
    runtime = node.runtime or cluster.runtime
    release = versions.kubernetes(cluster.kubernetes_version)
    return lab.NodeConfig(
        name=name,
        role=node.role,
        runtime=runtime,
        runtime_version=versions.runtime_version(release, runtime, cluster.runtime_versions.get(runtime)),
        machine=_machine(machine, node.machine),
        image=_image(node.image, folder) if node.image else image,
        address=str(node.address) if node.address else None,
    )


def _machine(common: MachineSpec, own: MachineOverride) -> lab.MachineConfig:
    nested = own.nested_virtualization
    return lab.MachineConfig(
        cpus=own.cpus or common.cpus,
        memory_mib=own.memory_mib or common.memory_mib,
        disk_gib=own.disk_gib or common.disk_gib,
        nested_virtualization=common.nested_virtualization if nested is None else nested,
        extra_config={**common.extra_config, **own.extra_config},
    )


def _image(image: ImageSpec, folder: Path) -> lab.ImageConfig:
    ova = image.ova if "://" in image.ova else os.path.normpath(folder / image.ova)
    return lab.ImageConfig(ova=ova, sha256=image.sha256)


def _site(site: SiteSpec, files: SiteFiles, folder: Path) -> lab.SiteConfig:
    gateway = site.addresses.gateway
    return lab.SiteConfig(
        vsphere=_vsphere(site.platform.vsphere, files, folder),
        addresses=lab.AddressesConfig(
            mode=site.addresses.mode,
            network=str(site.addresses.network),
            gateway=str(gateway) if gateway else None,
            name_servers=tuple(map(str, site.addresses.name_servers)),
        ),
        ssh=lab.SshConfig(user=site.ssh.user),
        mirrors=_mirrors(site.mirrors, files),
        kubelet=site.kubelet,
        kube_proxy=site.kube_proxy,
        ignore_preflight_errors=site.ignore_preflight_errors,
    )


def _vsphere(vsphere: VsphereSpec, files: SiteFiles, folder: Path) -> lab.VsphereConfig:
    host, _, port = vsphere.server.partition(":")
    return lab.VsphereConfig(
        server=host,
        port=int(port) if port else _DEFAULT_PORT,
        user=vsphere.user,
        password=files.password,
        password_sought=files.password_sought,
        tls=lab.TlsConfig(ca_pem=files.tls_ca_pem, sha256=vsphere.tls.sha256),
        datastore=vsphere.datastore,
        network=vsphere.network,
        image=_image(vsphere.image, folder),
    )


def _mirrors(mirrors: MirrorsSpec, files: SiteFiles) -> lab.MirrorsConfig:
    return lab.MirrorsConfig(
        ca_pem=files.mirrors_ca_pem,
        apt_kubernetes=mirrors.apt.kubernetes,
        apt_docker=mirrors.apt.docker,
        apt_debian=mirrors.apt.debian,
        registries=mirrors.registries,
        files=mirrors.files,
    )
