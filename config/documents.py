"""The two documents that make up a lab's configuration, both whole, and the names of their places in messages."""

from dataclasses import dataclass

from pydantic import JsonValue

from config.existing.spec import ExistingMachineSpec
from config.passthrough import merged
from config.problems import Problem
from config.site import SiteSpec
from config.stack import ClusterSpec, NodeSpec, StackConfig


@dataclass(frozen=True, slots=True)
class Documents:
    """A stack's and a site's content, and how their files are called."""

    stack: StackConfig
    site: SiteSpec
    stack_file: str
    site_file: str

    @property
    def cluster(self) -> ClusterSpec:
        """The cluster of the stack."""
        return self.stack.cluster

    @property
    def nodes(self) -> dict[str, NodeSpec]:
        """The nodes by name, in the order of the file."""
        return self.stack.nodes

    def runtime_of(self, node: NodeSpec) -> str:
        """The container runtime of a node: its own word or the cluster's."""
        return node.runtime or self.cluster.runtime

    def handlers_of(self, node: NodeSpec) -> tuple[str, ...]:
        """The handlers of a node by their words: its own or the cluster's."""
        return self.cluster.handlers if node.handlers is None else node.handlers

    def existing_of(self, name: str) -> ExistingMachineSpec | None:
        """The machine of the node `name`, if it exists already."""
        existing = self.site.platform.existing
        return existing.machines.get(name) if existing else None

    @staticmethod
    def is_schedulable(node: NodeSpec) -> bool:
        """Whether pods of users may run on a node, as far as its role counts: on workers, and where it is asked for."""
        return node.role == "worker" or bool(node.schedulable)

    @property
    def by_runtime(self) -> dict[str, list[str]]:
        """The names of the nodes by their runtime, of each runtime that some node has."""
        found: dict[str, list[str]] = {}
        for name, node in self.nodes.items():
            found.setdefault(self.runtime_of(node), []).append(name)
        return found

    @property
    def runtime_versions(self) -> dict[str, str]:
        """The versions that are written, the stack's over the site's key by key."""
        return {**self.site.runtime_versions, **self.cluster.runtime_versions}

    @property
    def kube_proxy(self) -> dict[str, JsonValue]:
        """The settings of kube-proxy that are written, the cluster's over the site's."""
        return merged(self.site.kube_proxy, self.cluster.kube_proxy)

    def in_runtime_versions(self, key: str, text: str) -> Problem:
        """A problem at a key of runtimeVersions, in the file whose value counts."""
        path = f"runtimeVersions/{key}"
        only_in_site = key in self.site.runtime_versions and key not in self.cluster.runtime_versions
        return self.in_site(path, text) if only_in_site else self.in_cluster(path, text)

    def in_kube_proxy(self, key: str, text: str) -> Problem:
        """A problem at a key of kubeProxy, in the file whose value counts."""
        path = f"kubeProxy/{key}"
        return self.in_cluster(path, text) if key in self.cluster.kube_proxy else self.in_site(path, text)

    def in_stack(self, path: str, text: str) -> Problem:
        """A problem at a path of the stack file."""
        return Problem(self.stack_file, path, text)

    def in_cluster(self, path: str, text: str) -> Problem:
        """A problem at a path below kubelab:cluster."""
        return Problem(self.stack_file, f"kubelab:cluster/{path}", text)

    def in_node(self, name: str, path: str, text: str) -> Problem:
        """A problem at a path below a node."""
        return Problem(self.stack_file, f"kubelab:nodes/{name}/{path}", text)

    def in_site(self, path: str, text: str) -> Problem:
        """A problem at a path of the site file."""
        return Problem(self.site_file, path, text)
