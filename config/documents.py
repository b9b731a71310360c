"""The two documents that make up a lab's configuration, and the names of their places in messages."""

from dataclasses import dataclass

from config.partial import readable
from config.problems import Problem
from config.site import SiteSpec
from config.stack import ClusterSpec, NodeSpec, StackConfig


@dataclass(frozen=True, slots=True)
class Documents:
    """A stack's and a site's content, and how their files are called; `site` is None if its file cannot be read.

    While faults are gathered, any field that was wrong may be None (see `config.partial`).
    """

    stack: StackConfig
    site: SiteSpec | None
    stack_file: str
    site_file: str

    @property
    def cluster(self) -> ClusterSpec:
        """The cluster, with its defaults even where the stack says nothing of it."""
        return self.stack.cluster or readable(ClusterSpec, {})

    @property
    def nodes(self) -> dict[str, NodeSpec]:
        """The nodes by name, in the order of the file."""
        return self.stack.nodes or {}

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
