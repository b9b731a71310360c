"""Single files of the mirror: below the upstream host's name, at the upstream path."""

import hashlib
import shutil
from pathlib import Path

from rig.mirror import versions
from rig.mirror.programs.binaries import FLANNEL, FLANNEL_MODULE, KUBERNETES
from toolchain.build.golang import module_directory
from toolchain.build.part import Workplace
from toolchain.errors import SetupError

FLANNEL_MANIFEST = f"github.com/flannel-io/flannel/releases/download/v{versions.FLANNEL}/kube-flannel.yml"
_KUBERNETES_MODULE = "k8s.io/kubernetes"


def build(place: Workplace, out: Path) -> None:
    """Copies flannel's manifest out of its module."""
    target = out / FLANNEL_MANIFEST
    target.parent.mkdir(parents=True)
    source = flannel_manifest(place)
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    if found != versions.FLANNEL_MANIFEST_SHA256:
        raise SetupError(f"flannel's manifest: {source} has SHA-256 {found}, not {versions.FLANNEL_MANIFEST_SHA256}")
    shutil.copyfile(source, target)


def flannel_manifest(place: Workplace) -> Path:
    return module_directory(place, FLANNEL.directory, FLANNEL_MODULE) / "Documentation" / "kube-flannel.yml"


def agnhost_version(place: Workplace) -> str:
    """The tag of the test image that belongs to this Kubernetes version."""
    module = module_directory(place, KUBERNETES.directory, _KUBERNETES_MODULE)
    return (module / "test" / "images" / "agnhost" / "VERSION").read_text().strip()
