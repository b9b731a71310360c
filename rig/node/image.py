"""The node image in the container engine, and what the host lets a node do."""

from pathlib import Path

from rig.host.docker import Docker
from rig.mark import mark_of
from rig.node import build as node
from toolchain.layout import Layout

REPOSITORY = "kubelab/node"


def image_name(layout: Layout, key: str) -> str:
    """The image's name: a clone's own, and another one for other content."""
    return f"{REPOSITORY}:{mark_of(layout)}-{key}"


def ensure_image(layout: Layout, docker: Docker, rootfs: Path, key: str) -> str:
    """Imports the root file system unless the engine has it; returns the image's name."""
    name = image_name(layout, key)
    if not node.image_is_current("docker", name, docker.environ):
        node.import_image("docker", rootfs / "rootfs.tar", name, layout.logs / "node-image.log", docker.environ)
    return name


def remove_images(layout: Layout, docker: Docker) -> None:
    """Removes this clone's node images."""
    doing = "removing the node image"
    images = docker(doing, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY).split()
    ours = [image for image in images if image.startswith(f"{REPOSITORY}:{mark_of(layout)}-")]
    if ours:
        docker(doing, "image", "rm", "--force", *ours)
