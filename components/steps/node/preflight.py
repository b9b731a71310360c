"""The preflight: what a machine must be before anything is touched. Pure."""

from collections.abc import Iterable, Sequence

from components import registries
from components.apt import Repository
from components.guest_families import unfit
from components.guest_systems import GUEST_SYSTEMS, of_node
from components.step import Log, Step
from components.steps import handlers
from components.steps.node import traces, virtualization
from config import ClusterConfig, NodeConfig, SiteConfig

# stdout is what the machine is known by.
STEP = Step("00-preflight.sh", timeout_seconds=600, log=Log.STDERR, is_public=True)

_KNOWN_BY = ("machine-id", "product-uuid", "mac")

# CPUs, memory in MiB, free disk in GiB: kubeadm's own minimum for a control plane; a worker's is kubelab's.
MINIMUM = {"controlPlane": (2, 1700, 2), "worker": (1, 900, 2)}

# What the preflight itself calls, and a small installation may lack.
_PROGRAMS = ("awk", "curl", "findmnt", "ip", "ps")

# What other machines ask of a node, as Kubernetes documents it (reference/networking/ports-and-protocols); etcd is
# asked by other control planes alone.
_PORTS = {"controlPlane": ("6443/tcp API server",), "worker": ()}
_PORTS_OF_ALL = ("10250/tcp kubelet", "30000-32767/tcp NodePorts")


def environment(
    node: NodeConfig, cluster: ClusterConfig, site: SiteConfig, repositories: Sequence[Repository], address: str
) -> dict[str, str]:
    """What the preflight of the machine at `address` is given."""
    cpus, memory_mib, disk_gib = MINIMUM[node.role]
    system = of_node(node)
    return {
        "NODE_NAME": node.name,
        "NODE_ADDRESS": address,
        "GUEST_SYSTEM": system.identification,
        "KNOWN_SYSTEMS": "\n".join(f"{each.identification} {name}" for name, each in sorted(GUEST_SYSTEMS.items())),
        "UNFIT_SYSTEMS": unfit.lines(),
        "MACHINE": "existing" if node.existing else "made",
        "MACHINE_NETWORK": site.addresses.network if node.existing else "",
        "NEEDS": "\n".join(f"{each} {system.programs[each]}" for each in _PROGRAMS) if node.existing else "",
        "KNOWN_FAULT": system.known_faults.get(node.runtime, ""),
        "TIME_SERVICE": system.time_service,
        "NETWORK_FILES": system.network_files,
        "MIN_CPUS": str(cpus),
        "MIN_MEMORY_MIB": str(memory_mib + handlers.overhead_mib(node)),
        "MIN_DISK_GIB": str(disk_gib),
        "NESTED_VIRTUALIZATION": node.machine.nested_virtualization,
        "ROOM": "\n".join(f"{folder} {gib}" for folder, gib in handlers.room(node).items()),
        "NEEDING_KVM": " ".join(handlers.needing_kvm(node)),
        "MODULES": "\n".join(f"{module} {device}" for module, device in handlers.modules(node).items()),
        "RUN_GUEST": virtualization.program(node),
        "SERVICE_SUBNET": cluster.service_subnet,
        "POD_SUBNET": cluster.pod_subnet,
        "RESOLV_CONF": str(node.kubelet.get("resolvConf", "")),
        "FIREWALL_PORTS": "\n".join(ports(node, cluster)),
        "CLOCKS": " ".join(each.uri for each in repositories if not each.mirrored),
        "MIRRORS": " ".join(must_answer(repositories, site)),
        "MIRROR_CA": trusted_authorities(site),
        "TRACES": traces.all_traces(),
        "CLEAN_INSTALL": str(node.clean_install).lower(),
        "KUBERNETES_VERSION": cluster.kubernetes_version,
        "IGNORED": " ".join(site.ignore_preflight_errors),
    }


def identity(stdout: str) -> str:
    """The step's result: lines of what the machine is known by; nothing of what an earlier program's said instead."""
    return "\n".join(line for line in stdout.splitlines() if line.partition(" ")[0] in _KNOWN_BY)


def ports(node: NodeConfig, cluster: ClusterConfig) -> list[str]:
    """What a node must be reachable at, a line each: `10250/tcp kubelet`."""
    network = cluster.pod_network
    tunnels = [f"{network.port}/udp {network.plugin}"] if network.port else []
    return [*_PORTS[node.role], *_PORTS_OF_ALL, *tunnels]


def must_answer(repositories: Iterable[Repository], site: SiteConfig) -> list[str]:
    """URLs of the site's own servers that a node fetches from."""
    packages = [each.uri for each in repositories if each.mirrored]
    servers = [f"https://{registries.server(registry)}/v2/" for registry in site.registries if registry.mirror]
    return list(dict.fromkeys([*packages, *([site.mirrors.files] if site.mirrors.files else []), *servers]))


def trusted_authorities(site: SiteConfig) -> str:
    """PEM text of every authority that the site names for its servers; empty for none."""
    found = [site.mirrors.ca_pem or "", *(registry.ca_pem for registry in site.registries)]
    return "".join(registries.pem(text) for text in dict.fromkeys(found) if text)
