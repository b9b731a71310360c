"""The preparation of the operating system, and the repositories that a node's packages come from. Pure."""

from collections.abc import Mapping, Sequence

from components import apt
from components.apt import Repository
from components.guest_file import render_files
from components.guest_systems import of_node
from components.records.runtime import PackageSource
from components.runtimes import RUNTIMES
from components.step import Step, read_script
from components.steps.node import operating_system
from config import MirrorsConfig, NodeConfig, SiteConfig

STEP = Step("10-prepare-os.sh", timeout_seconds=1500)


def repositories(node: NodeConfig, minor: str, mirrors: MirrorsConfig) -> list[Repository]:
    """The repositories of a node: Kubernetes' of this minor, its runtime's, its system's own only on a mirror."""
    system = of_node(node)
    archive = system.archive(mirrors)
    runtime = RUNTIMES[node.runtime].repository(PackageSource(minor, mirrors, system))
    return [apt.kubernetes(minor, mirrors), runtime, *([archive] if archive else [])]


def keeps_swap(node: NodeConfig) -> bool:
    """Whether the machine's swap stays on: its kubelet is told to bear it."""
    return node.kubelet.get("failSwapOn") is False


def names_nodes(site: SiteConfig) -> bool:
    """Whether the preparation of each node is given the addresses of all."""
    return site.addresses.names == "hosts"


def environment(
    node: NodeConfig, site: SiteConfig, repositories: Sequence[Repository], addresses: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What the preparation is given; `addresses` are those of all nodes by name, where it `names_nodes`."""
    mirrors = site.mirrors
    return {
        "NODE_NAME": node.name,
        "FILES": render_files([*operating_system.files(), *(each.source() for each in repositories)]),
        "APT_KEYS": apt.keys(repositories),
        # Mirrors' keys have no fingerprint, and a text in a state is one in each node's.
        "PICK_KEY": read_script("installed/pick_key.py") if any(each.is_pinned for each in repositories) else "",
        "PROGRAMS": _lines(of_node(node).programs),
        "MIRROR_CA": mirrors.ca_pem or "",
        "SWAP": "keep" if keeps_swap(node) else "off",
        "HOSTS": "\n".join(f"{address} {name}" for name, address in (addresses or {}).items()),
        "ONLY_MIRRORS": str(of_node(node).archive(mirrors) is not None).lower(),
    }


def _lines(programs: Mapping[str, str]) -> str:
    """Lines of: package, its programs."""
    packages = dict.fromkeys(programs.values())
    return "\n".join(
        " ".join([package, *(name for name in programs if programs[name] == package)]) for package in packages
    )
