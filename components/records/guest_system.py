"""GuestSystem: what an operating system of a node is to kubelab. Each has one file in guest_systems/."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from components.apt import Repository
from components.records.traces import Traces
from config.platform import MirrorsConfig


@dataclass(frozen=True, slots=True)
class GuestSystem:
    """One release of an operating system, as its image boots it.

    `name` is the user's word. `id` and `version_id` are those of its /etc/os-release, which the preflight compares;
    `codename` is the suite of package sources made for it. `archive` is its own archive on a mirror, None where the
    site has none. `programs` are all that steps call, by name, each with the package of this system that brings it:
    what an image lacks is installed first. `packages` are what the kubelet and kube-proxy call on a node and upstream's
    packages leave to the system; `traces` what its own packages of container runtimes leave.

    `time_service` keeps its clock, with what shows its state, and `network_files` are where its network is declared:
    said where a machine has a fault. `first_versions` are the oldest that upstream builds for it, by runtime, where
    they matter; `known_faults` what it is known to break, by runtime, which the preflight says. `is_default`: a node
    whose image does not say what it holds is taken for one of these.
    """

    name: str
    id: str
    version_id: str
    codename: str
    archive: Callable[[MirrorsConfig], Repository | None]
    programs: Mapping[str, str]
    packages: tuple[str, ...]
    traces: Traces
    time_service: str = "its time service (timedatectl)"
    network_files: str = "its network's files"
    first_versions: Mapping[str, str] = field(default_factory=dict)
    known_faults: Mapping[str, str] = field(default_factory=dict)
    is_default: bool = False

    @property
    def identification(self) -> str:
        """ID and VERSION_ID of /etc/os-release, with a space between them."""
        return f"{self.id} {self.version_id}"
