"""From what the user wrote to the whole lab: defaults and overrides. Pure; the input has no faults."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from components.handlers import HANDLERS
from config import lab, platform, releases, versions
from config.addresses.assigned import addresses, mac_of
from config.declared.control_plane import ExtraArgSpec
from config.declared.stack_files import DeclaredFiles
from config.documents import Documents
from config.existing.resolve import resolved
from config.files import SiteFiles, TargetFiles
from config.handlers.resolve import checked_handlers
from config.mirrors import MirrorsSpec, PackageKeysSpec
from config.passthrough import KUBE_PROXY_MODES, merged
from config.pod_network import PodNetworkSpec
from config.site import MachineSpec, SiteSpec
from config.targets.spec import VsphereSpec

_DEFAULT_PORT = 443


def resolve(
    stack: str,
    documents: Documents,
    files: SiteFiles,
    declared: DeclaredFiles,
    of_targets: tuple[platform.ImageConfig, ...],
    images: Mapping[str, platform.ImageConfig],
    warnings: tuple[str, ...],
) -> lab.LabConfig:
    """The lab of two documents without faults.

    `of_targets` are the images of the site's targets in their order, `images` those of nodes with their own.
    """
    site = _site(documents, files, of_targets)
    handlers = checked_handlers(documents)
    cluster = _cluster(stack, documents, declared, tuple(handlers.values()))
    nodes = (
        _node(
            documents,
            name,
            runtime_version=cluster.runtime_versions[documents.runtime_of(node)],
            existing=resolved(documents.site.platform.existing, files.private_keys, name),
            image=images.get(name) or _image_of(site, node.host or ""),
            files=declared.nodes[name],
            handlers=tuple(handlers[word] for word in sorted(documents.handlers_of(node))),
        )
        for name, node in documents.nodes.items()
    )
    return lab.LabConfig(stack, cluster, tuple(nodes), site, warnings)


def _node(
    documents: Documents,
    name: str,
    runtime_version: str,
    existing: platform.ExistingMachineConfig | None,
    image: platform.ImageConfig | None,
    files: tuple[lab.DeclaredFile, ...],
    handlers: tuple[lab.HandlerConfig, ...],
) -> lab.NodeConfig:
    node, cluster, site = documents.nodes[name], documents.cluster, documents.site
    return lab.NodeConfig(
        name=name,
        role=node.role,
        runtime=documents.runtime_of(node),
        runtime_version=runtime_version,
        machine=_machine(node.machine.over(site.machine), handlers),
        image=None if existing else image,
        kubelet=merged(site.kubelet, cluster.kubelet, node.kubelet),
        clean_install=cluster.clean_install if node.clean_install is None else node.clean_install,
        on_runtime_change="resetNode" if existing else node.on_runtime_change or cluster.on_runtime_change,
        files=files,
        labels=node.labels,
        taints=tuple(lab.Taint(taint.key, taint.value, taint.effect) for taint in node.taints),
        schedulable=documents.is_schedulable(node),
        allow_replace=node.allow_replace,
        handlers=handlers,
        host="" if existing else node.host or "",
        existing=existing,
        networks=tuple(
            platform.CardConfig(card.network, card.connected, card.mac_address or "") for card in node.networks
        ),
        extra_disks=tuple(platform.ExtraDiskConfig(**dict(disk)) for disk in node.extra_disks),
        power=node.power,
        address=str(node.address or ""),
        mac_address="" if existing else mac_of(documents, name),
    )


def _image_of(site: lab.SiteConfig, host: str) -> platform.ImageConfig | None:
    """The image of a node without one of its own; all targets among which the provider chooses have the same."""
    named = [target for target in site.vsphere if target.name == host]
    return next((target.image for target in (*named, *site.vsphere)), None)


def _machine(machine: MachineSpec, handlers: tuple[lab.HandlerConfig, ...]) -> platform.MachineConfig:
    """The machine of a node; one whose handlers run virtual machines must be able to."""
    written = platform.MachineConfig(**dict(machine))
    needs_kvm = any(HANDLERS[each.name].needs_kvm for each in handlers)
    return replace(written, nested_virtualization="require") if needs_kvm else written


def _cluster(
    stack: str, documents: Documents, declared: DeclaredFiles, handlers: tuple[lab.HandlerConfig, ...]
) -> lab.ClusterConfig:
    cluster = documents.cluster
    release = versions.kubernetes(cluster.kubernetes_version)
    return lab.ClusterConfig(
        name=cluster.name or stack,
        certificate_hours=int(cluster.certificate_validity_period.removesuffix("h")),
        kubernetes_version=cluster.kubernetes_version,
        runtime_versions=releases.runtime_versions(release, documents.runtime_versions),
        pod_subnet=str(cluster.pod_subnet),
        service_subnet=str(cluster.service_subnet),
        dns_domain=cluster.dns_domain,
        pod_network=_pod_network(cluster.pod_network),
        kube_proxy={"mode": KUBE_PROXY_MODES[0], **documents.kube_proxy},
        control_plane_endpoint=cluster.control_plane_endpoint,
        cert_sans=cluster.api_server.cert_sans,
        secrets_encryption=cluster.secrets_encryption,
        control_plane_files=declared.control_plane,
        api_server_extra_args=_arguments(cluster.api_server.extra_args),
        controller_manager_extra_args=_arguments(cluster.controller_manager.extra_args),
        scheduler_extra_args=_arguments(cluster.scheduler.extra_args),
        etcd_extra_args=_arguments(cluster.etcd.extra_args),
        handlers=handlers,
    )


def _pod_network(declared: PodNetworkSpec) -> lab.PodNetworkConfig:
    backend = releases.pod_network_backend(declared.plugin, declared.backend)
    return lab.PodNetworkConfig(
        plugin=declared.plugin,
        version=releases.pod_network_version(declared.plugin, declared.version),
        backend=backend.name if backend else "",
        port=declared.port or (backend.port if backend else None),
        mtu=declared.mtu,
    )


def _arguments(arguments: tuple[ExtraArgSpec, ...]) -> tuple[lab.ExtraArg, ...]:
    return tuple(lab.ExtraArg(argument.name, argument.value) for argument in arguments)


def _site(documents: Documents, files: SiteFiles, images: tuple[platform.ImageConfig, ...]) -> lab.SiteConfig:
    site = documents.site
    targets = zip(site.platform.targets, files.targets, images, strict=True)
    return lab.SiteConfig(
        vsphere=tuple(_vsphere(target, of_target, image) for target, of_target, image in targets),
        addresses=addresses(documents),
        ssh=lab.SshConfig(user=site.ssh.user, authorized_keys=tuple(dict.fromkeys(site.ssh.authorized_keys))),
        mirrors=_mirrors(site.mirrors, site.package_keys, files),
        registries=tuple(sorted(_registries(site, files), key=lambda registry: registry.host)),
        ignore_preflight_errors=site.ignore_preflight_errors,
    )


def _vsphere(vsphere: VsphereSpec, files: TargetFiles, image: platform.ImageConfig) -> platform.VsphereConfig:
    host, _, port = vsphere.server.partition(":")
    return platform.VsphereConfig(
        server=host,
        port=int(port) if port else _DEFAULT_PORT,
        user=vsphere.user,
        password=files.password,
        password_sought=files.password_sought,
        tls=platform.TlsConfig(files.tls_ca_pem, vsphere.tls.sha256, vsphere.tls.insecure),
        datastore=vsphere.datastore,
        network=vsphere.network,
        image=image,
        name=vsphere.name or "",
        password_key=files.password_key,
        operations=vsphere.operations,
        placement=platform.PlacementConfig(
            datacenter=vsphere.datacenter or "",
            cluster=vsphere.cluster or "",
            host=vsphere.host or "",
            resource_pool=vsphere.resource_pool or "",
            folder=vsphere.folder or "",
            clone=vsphere.clone or "",
        ),
    )


def _mirrors(mirrors: MirrorsSpec, keys: PackageKeysSpec, files: SiteFiles) -> platform.MirrorsConfig:
    docker = mirrors.apt.docker
    return platform.MirrorsConfig(
        ca_pem=files.mirrors_ca_pem,
        apt_kubernetes=mirrors.apt.kubernetes,
        apt_docker={"": docker} if isinstance(docker, str) else docker or {},
        apt_crio=mirrors.apt.crio,
        apt_debian=mirrors.apt.debian,
        apt_ubuntu=mirrors.apt.ubuntu,
        files=mirrors.files,
        checksums=mirrors.checksums,
        package_keys={name: fingerprint for name, fingerprint in keys.model_dump().items() if fingerprint},
    )


def _registries(site: SiteSpec, files: SiteFiles) -> Iterator[platform.RegistryConfig]:
    for host, mirror in site.mirrors.registries.items():
        yield platform.RegistryConfig(host, mirror, ca_pem=files.mirrors_ca_pem or "", user="", password=None)
    for host, registry in site.registries.items():
        own = files.registries[host]
        yield platform.RegistryConfig(
            host, registry.mirror or "", ca_pem=own.ca_pem or "", user=registry.user or "", password=own.password
        )
