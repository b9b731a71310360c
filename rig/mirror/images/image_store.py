"""Building all images into a registry's storage, and the check that none is missing."""

from collections.abc import Mapping
from pathlib import Path

from rig.mirror import versions
from rig.mirror.files import agnhost_version, flannel_manifest
from rig.mirror.images import base_layers, oci
from rig.mirror.images.catalog import IMAGES, NETWORK, SHELL, Image, missing, named_by_kubeadm, named_by_manifest
from rig.mirror.images.layers import Blob, File
from rig.mirror.images.storage import Storage
from toolchain.build.part import Workplace
from toolchain.errors import SetupError
from toolchain.system import run


def check_names(place: Workplace, kubeadm: Path) -> None:
    """SetupError when an image is missing that kubeadm, flannel's manifest or a test image's version names."""
    argv = [str(kubeadm), "config", "images", "list", f"--kubernetes-version=v{versions.KUBERNETES}"]
    shell = place.outputs["debian-packages"] / "shell-image"
    listing = run.answer(argv, "asking kubeadm for its images", place.environ)
    wanted = {
        "kubeadm": named_by_kubeadm(listing),
        "flannel's manifest": named_by_manifest(flannel_manifest(place).read_text()),
        "the Kubernetes module": {f"registry.k8s.io/e2e-test-images/agnhost:{agnhost_version(place)}"},
        "Debian's busybox-static": {f"docker.io/library/busybox:{base_layers.shell_version(shell)}"},
    }
    absent = [f"{name} (named by {source})" for source, names in wanted.items() for name in missing(names)]
    if absent:
        raise SetupError(
            f"images of the mirror: no {', '.join(absent)}; correct rig/mirror/versions.py or images/catalog.py"
        )


def build(programs: Mapping[str, Path], debs: Path, architecture: str, out: Path) -> None:
    """Writes every image into `out`, a registry's storage directory.

    `programs`: by name of a Go build, the directory with its binaries; `debs`: output of debian.download;
    `architecture`: as Go and OCI name it.
    """
    storage = Storage(out)
    shared = {
        SHELL: storage.put_layer(base_layers.shell(debs / "shell-image")),
        NETWORK: storage.put_layer(base_layers.network(debs / "network-image")),
    }
    for image in IMAGES:
        _put(image, shared, programs, architecture, storage)


def _put(
    image: Image, shared: Mapping[str, Blob], programs: Mapping[str, Path], architecture: str, storage: Storage
) -> None:
    own = {path: File(programs[build] / program, 0o755) for path, (build, program) in image.programs.items()}
    layers = tuple(shared[name] for name in image.layers)
    if own:
        layers = (*layers, storage.put_layer(own))
    configuration = storage.put(oci.config(image.run, layers, architecture))
    manifest = storage.put(oci.manifest(configuration, layers))
    storage.tag(image.repository, image.tag, manifest, (configuration, *layers))
