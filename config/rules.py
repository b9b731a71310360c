"""Rules across fields and files, for two documents that are whole: what they forbid, and what they warn of."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from urllib.parse import urlsplit

from components.guest_systems import GUEST_SYSTEMS
from components.runtimes import RUNTIMES
from config import releases, retired, versions
from config.addresses import rules as address_rules
from config.declared import component_rules
from config.documents import Documents
from config.existing import rules as existing_rules
from config.handlers import rules as handler_rules
from config.kubernetes.unfit import deprecated_arguments, unfit_settings
from config.nodes import device_rules, scheduling_rules
from config.passthrough import DEPRECATED_KUBE_PROXY_MODE, KUBE_PROXY_MODES
from config.problems import Problem, one_of, shown
from config.site import MachineSpec, RegistrySpec
from config.targets import rules as target_rules

_NODE_PREFIX = 24  # kube-controller-manager gives every node a /24 of the pod network
_OTHER_ADDRESSES = 3  # the network's, the broadcast, the gateway's
_CONTROL_PLANE_LEAST = {"cpus": ("numcpu", 2), "memory_mib": ("mem", 1700)}
"""By field of a machine: the name of kubeadm's own preflight check of a control plane, and its limit."""


def broken_rules(documents: Documents) -> Iterator[Problem]:
    """Every rule that the two documents break together."""
    yield from _control_plane_count(documents)
    yield from target_rules.broken_rules(documents)
    yield from existing_rules.broken_rules(documents)
    yield from _overlapping_networks(documents)
    yield from _networks_too_small(documents)
    yield from address_rules.broken_rules(documents)
    yield from _endpoint_in_a_network(documents)
    yield from _runtime_versions(documents)
    yield from _adapters(documents)
    yield from _kube_proxy_mode(documents)
    yield from _key_of_no_repository(documents)
    yield from _registries_said_twice(documents)
    yield from _logins_of_one_server(documents)
    yield from _control_plane_too_small(documents)
    yield from scheduling_rules.broken_rules(documents)
    yield from device_rules.broken_rules(documents)
    yield from handler_rules.broken_rules(documents)
    yield from component_rules.broken_rules(documents)
    yield from unfit_settings(documents)


def warnings(documents: Documents) -> Iterator[Problem]:
    """What works, but not as one might expect, in two documents that break no rule; none of it stops anything."""
    yield from _deprecated_kube_proxy_mode(documents)
    yield from _mirrors_that_a_runtime_cannot_use(documents)
    yield from scheduling_rules.warnings(documents)
    yield from existing_rules.warnings(documents)
    yield from deprecated_arguments(documents)
    yield from _unverified_hosts(documents)


def _unverified_hosts(documents: Documents) -> Iterator[Problem]:
    for target in documents.site.platform.targets:
        if target.tls.insecure:
            text = (
                f"insecure is true: the certificate of {target.server} is not verified, and whoever answers in its "
                "place gets the password and all that is sent; `make pin` prints what tls/sha256 takes"
            )
            yield documents.in_site("platform/vsphere", text)


def _control_plane_count(documents: Documents) -> Iterator[Problem]:
    found = [name for name, node in documents.nodes.items() if node.role == "controlPlane"]
    if len(found) > 1:
        text = f"found {len(found)} nodes with role controlPlane ({', '.join(found)}), allowed: exactly one for now"
        yield documents.in_stack("kubelab:nodes", text)
    elif not found:
        count = len(documents.nodes)
        text = f"found {count} nodes and no controlPlane among them, wanted: one node with role controlPlane"
        yield documents.in_stack("kubelab:nodes", text)


def _overlapping_networks(documents: Documents) -> Iterator[Problem]:
    networks = (
        (documents.stack_file, "kubelab:cluster/podSubnet", documents.cluster.pod_subnet),
        (documents.stack_file, "kubelab:cluster/serviceSubnet", documents.cluster.service_subnet),
        *((documents.site_file, "addresses/network", each) for each in _machine_networks(documents)),
    )
    for (where, path, one), (other_where, other_path, other) in combinations(networks, 2):
        if one.overlaps(other):
            place = other_path if where == other_where else f"{other_where}: {other_path}"
            yield Problem(where, path, f"found {one}, which overlaps {other} of {place}; choose disjoint networks")
    for runtime, nodes in documents.by_runtime.items():
        own = RUNTIMES[runtime].own_network
        for where, path, network in networks:
            if own and network.overlaps(own):
                text = f"found {network}, which overlaps {own}, {runtime}'s own network on {', '.join(nodes)}"
                yield Problem(where, path, f"{text}; choose another")


def _networks_too_small(documents: Documents) -> Iterator[Problem]:
    count = len(documents.nodes)
    if not count:
        return
    pods = documents.cluster.pod_subnet
    longest = _NODE_PREFIX - (count - 1).bit_length()
    if pods.prefixlen > longest:
        text = f"found {pods}, too small for a /{_NODE_PREFIX} for each of {count} nodes, allowed: /{longest} or larger"
        yield documents.in_cluster("podSubnet", text)
    longest = 32 - (count + _OTHER_ADDRESSES - 1).bit_length()
    for machines in _machine_networks(documents):
        if machines.prefixlen > longest:
            text = f"found {machines}, too small for {count} machines and a gateway, allowed: /{longest} or larger"
            yield documents.in_site("addresses/network", text)


def _machine_networks(documents: Documents) -> tuple[IPv4Network, ...]:
    """The machine network, if there is one."""
    network = documents.site.addresses.network
    return () if network is None else (network,)


def _endpoint_in_a_network(documents: Documents) -> Iterator[Problem]:
    """An address of pods or services answers inside a running cluster alone, so that no node could join by it."""
    cluster = documents.cluster
    host = (cluster.control_plane_endpoint or "").partition(":")[0]
    if not host.rpartition(".")[2].isdigit():
        return
    for key, network in (("podSubnet", cluster.pod_subnet), ("serviceSubnet", cluster.service_subnet)):
        if IPv4Address(host) in network:
            text = f"found {host}, which lies in {network} of {key}; choose an address that machines have"
            yield documents.in_cluster("controlPlaneEndpoint", text)


def _runtime_versions(documents: Documents) -> Iterator[Problem]:
    """Versions that do not fit the Kubernetes; one of the site that the stack replaces is left out."""
    release = versions.kubernetes(documents.cluster.kubernetes_version)
    for runtime, version in documents.runtime_versions.items():
        if runtime not in RUNTIMES:
            continue
        try:
            releases.runtime_version(release, runtime, version)
        except versions.UnknownVersionError as error:
            reason = retired.runtime_version(runtime, version)
            text = f"found {version!r}, {reason}; {error}" if reason else f"found {version!r}, {error}"
            yield documents.in_runtime_versions(runtime, text)


def _adapters(documents: Documents) -> Iterator[Problem]:
    """What stands between a runtime and the kubelet, in a version that is unknown or cannot be verified."""
    for runtime, record in RUNTIMES.items():
        adapter = record.adapter
        if adapter is None:
            continue
        version = documents.runtime_versions.get(adapter.name)
        try:
            release = releases.adapter_release(adapter, version)
        except versions.UnknownVersionError as error:
            yield documents.in_runtime_versions(adapter.name, f"found {version!r}, {error}")
            continue
        nodes = ", ".join(documents.by_runtime.get(runtime, ()))
        if release.sha256 or not nodes or release.path in documents.site.mirrors.checksums:
            continue
        text = f"found {release.version!r} for {runtime} on {nodes}, of which kubelab knows no checksum"
        remedy = f"write it in {documents.site_file} below mirrors/checksums, as {release.path}: SHA256"
        default = releases.adapter_release(adapter).version
        yield documents.in_runtime_versions(adapter.name, f"{text}; {remedy}, or choose {default}")


def _kube_proxy_mode(documents: Documents) -> Iterator[Problem]:
    mode = documents.kube_proxy.get("mode", KUBE_PROXY_MODES[0])
    if mode in (*KUBE_PROXY_MODES, DEPRECATED_KUBE_PROXY_MODE):
        return
    reason = retired.KUBE_PROXY_MODES.get(mode) if isinstance(mode, str) else None
    allowed = one_of(mode, KUBE_PROXY_MODES)
    text = f"found {shown(mode)}, {reason}; {allowed}" if reason else f"found {shown(mode)}, {allowed}"
    yield documents.in_kube_proxy("mode", text)


def _key_of_no_repository(documents: Documents) -> Iterator[Problem]:
    keys, mirrors = documents.site.package_keys, documents.site.mirrors.apt
    for name in sorted({system.id for system in GUEST_SYSTEMS.values()}):
        if getattr(keys, name, None) and getattr(mirrors, name) is None:
            text = f"found a key without mirrors/apt/{name}: {name.capitalize()}'s own archive is trusted by the"
            yield documents.in_site(f"packageKeys/{name}", f"{text} image's keys; remove it")


def _registries_said_twice(documents: Documents) -> Iterator[Problem]:
    for host in documents.site.registries:
        if host in documents.site.mirrors.registries:
            yield documents.in_site(f"registries/{host}", "found in mirrors/registries too, allowed: one of them")


def _logins_of_one_server(documents: Documents) -> Iterator[Problem]:
    """cri-o and docker keep credentials and authorities by server, so that one cannot have two."""
    known: dict[str, tuple[str, RegistrySpec]] = {}
    for host, registry in documents.site.registries.items():
        server = urlsplit(registry.mirror).netloc if registry.mirror else host
        other, first = known.setdefault(server, (host, registry))
        for key, one, two in (
            ("user", first.user, registry.user),
            ("passwordFile", first.password_file, registry.password_file),
            ("caFile", first.ca_file, registry.ca_file),
        ):
            if one != two:
                text = f"found another {key} than registries/{other} has, which is asked at {server} too"
                yield documents.in_site(f"registries/{host}", f"{text}, allowed: the same")


def _control_plane_too_small(documents: Documents) -> Iterator[Problem]:
    ignored = {name.lower() for name in documents.site.ignore_preflight_errors}
    for name, node in documents.nodes.items():
        machine = node.machine.over(documents.site.machine)
        for field, (check, least) in _CONTROL_PLANE_LEAST.items():
            found = getattr(machine, field)
            if node.role != "controlPlane" or documents.existing_of(name) or found >= least or check in ignored:
                continue
            path = f"machine/{MachineSpec.model_fields[field].alias}"
            text = f"found the number {found}, allowed on a control plane: {least} or more"
            if field in node.machine.model_fields_set:
                yield documents.in_node(name, path, text)
            else:
                yield documents.in_site(path, f"{text} ({name}; it may have a {path} of its own)")


def _deprecated_kube_proxy_mode(documents: Documents) -> Iterator[Problem]:
    if documents.kube_proxy.get("mode") == DEPRECATED_KUBE_PROXY_MODE:
        text = f"found {DEPRECATED_KUBE_PROXY_MODE!r}, which Kubernetes has deprecated since 1.35"
        yield documents.in_kube_proxy("mode", f"{text}; prefer {' or '.join(KUBE_PROXY_MODES)}")


def _mirrors_that_a_runtime_cannot_use(documents: Documents) -> Iterator[Problem]:
    site = documents.site
    own = {host: registry.mirror for host, registry in site.registries.items() if registry.mirror is not None}
    mirrors = {**site.mirrors.registries, **own}
    for runtime, nodes in documents.by_runtime.items():
        limit = RUNTIMES[runtime].mirror_limit
        hosts = sorted(host for host, mirror in mirrors.items() if limit and not limit.allows(host, mirror))
        if limit and hosts:
            text = f"{runtime} on {', '.join(nodes)} cannot use the mirrors of {', '.join(hosts)} (it has {limit.text})"
            effect = "images that kubelab itself pulls come from the mirror, those of other pods from upstream"
            yield documents.in_site("", f"{text}: {effect}")
