"""Stack files that ask different things of the lab."""

import textwrap
from pathlib import Path

MIXED = """
    config:
      kubelab:cluster: {runtime: containerd}
      kubelab:nodes:
        cp1: {role: controlPlane}
        w1: {role: worker, runtime: docker}
        w2: {role: worker, runtime: crio}
"""
OLDER = "config: {kubelab:nodes: {cp1: {role: controlPlane}, w1: {role: worker, image: debian-12}}}"
SANDBOXED = """
    config:
      kubelab:cluster: {runtime: containerd, handlers: [crun]}
      kubelab:nodes:
        cp1: {role: controlPlane, handlers: []}
        w1: {role: worker, handlers: [gvisor]}
"""


def stack(directory: Path, text: str, name: str = "lab") -> Path:
    (directory / f"Pulumi.{name}.yaml").write_text(textwrap.dedent(text))
    return directory
