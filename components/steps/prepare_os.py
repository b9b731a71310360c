"""The preparation of the operating system, and the repositories that a node's packages come from. Pure."""

from collections.abc import Mapping, Sequence

from components import apt
from components.apt import Repository
from components.guest_file import render_files
from components.guest_systems import of_node
from components.runtime import PackageSource
from components.runtimes import RUNTIMES
from components.step import Step
from components.steps import operating_system
from config import MirrorsConfig, NodeConfig

STEP = Step("10-prepare-os.sh", timeout_seconds=1500)


def repositories(node: NodeConfig, minor: str, mirrors: MirrorsConfig) -> list[Repository]:
    """The repositories of a node: Kubernetes' of this minor, its runtime's, its system's own only on a mirror."""
    system = of_node(node)
    archive = system.archive(mirrors)
    runtime = RUNTIMES[node.runtime].repository(PackageSource(minor, mirrors, system))
    return [apt.kubernetes(minor, mirrors), runtime, *([archive] if archive else [])]


def environment(node: NodeConfig, mirrors: MirrorsConfig, repositories: Sequence[Repository]) -> dict[str, str]:
    """What the preparation is given."""
    return {
        "NODE_NAME": node.name,
        "FILES": render_files([*operating_system.files(), *(each.source() for each in repositories)]),
        "APT_KEYS": apt.keys(repositories),
        "PROGRAMS": _lines(of_node(node).programs),
        "MIRROR_CA": mirrors.ca_pem or "",
        "ONLY_MIRRORS": str(of_node(node).archive(mirrors) is not None).lower(),
    }


def _lines(programs: Mapping[str, str]) -> str:
    return "\n".join(f"{program} {package}" for program, package in programs.items())
