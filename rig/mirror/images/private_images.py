"""The storage of the private registry: images of the mirror under names of their own."""

from pathlib import Path

from rig.mirror import versions
from rig.mirror.images.storage import Storage

# By repository and tag here: repository and tag in the mirror.
_IMAGES = {
    ("private/agnhost", versions.AGNHOST): ("registry.k8s.io/e2e-test-images/agnhost", versions.AGNHOST),
}


def build(mirror: Path, out: Path) -> None:
    """Writes the images into `out`, a registry's storage directory; `mirror`: that of the mirror's registry."""
    source, target = Storage(mirror), Storage(out)
    for (repository, tag), (upstream, upstream_tag) in _IMAGES.items():
        target.copy(source, (upstream, upstream_tag), (repository, tag))
