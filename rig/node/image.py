"""Images' root file systems in the container engine, by the disks of which container machines have them."""

from pathlib import Path

from rig.host.docker import Docker
from rig.mark import mark_of
from toolchain.layout import Layout
from toolchain.system.run import logged

REPOSITORY = "kubelab/node"
IMPORT_SECONDS = 300.0


def image_name(layout: Layout, key: str) -> str:
    """The image's name: a clone's own, and another one for other content."""
    return f"{REPOSITORY}:{mark_of(layout)}-{key}"


def ensure_image(layout: Layout, docker: Docker, rootfs: Path, key: str) -> str:
    """Imports a root file system, as it is, unless the engine has it; returns the image's name."""
    name = image_name(layout, key)
    if not docker("looking for the node image", "image", "ls", "--quiet", name).strip():
        argv = ["docker", "import", str(rootfs), name]
        logged(argv, layout.logs / "node-image.log", "importing the node image", docker.environ, timeout=IMPORT_SECONDS)
    return name


def remove_images(layout: Layout, docker: Docker) -> None:
    """Removes this clone's node images."""
    doing = "removing node images"
    images = docker(doing, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY).split()
    ours = [image for image in images if image.startswith(f"{REPOSITORY}:{mark_of(layout)}-")]
    if ours:
        docker(doing, "image", "rm", "--force", *ours)
