"""The machines of a lab: those that are made, with the images that they are made of, and those that exist."""

from collections.abc import Mapping, Sequence

import pulumi

from components.existing_machine import Existing
from components.machine import Machine
from components.name_lookup import node_addresses
from components.unreachable import error_hook
from components.vsphere import Image, SshKeyPair
from config import ImageConfig, LabConfig, NodeConfig, VsphereConfig


class LabMachines:
    """What the machines of a lab have in common, and each of them. What no node needs is not there."""

    def __init__(self, config: LabConfig, opts: pulumi.ResourceOptions) -> None:
        self._config = config
        self._opts = opts
        self._on_error = error_hook()
        self._made: tuple[SshKeyPair, Mapping[tuple[str, str, int], Image]] | None = None
        if any(node.image for node in config.nodes):
            user_key = SshKeyPair("user-key", comment=f"{config.site.ssh.user}@{config.stack}", opts=opts)
            self._made = user_key, _images(config, user_key, opts)
        self._addresses = node_addresses(config.nodes)

    def of(self, node: NodeConfig, depends_on: Sequence[pulumi.Resource] = ()) -> Machine | Existing:
        """The machine of a node; one that is made changes once `depends_on` is done."""
        if node.existing:
            return Existing(
                node.name,
                node=node,
                existing=node.existing,
                node_address=self._addresses[node.name],
                on_error=self._on_error,
                opts=self._opts,
            )
        assert node.image is not None, "a node has an image or a machine that exists"
        assert self._made is not None
        user_key, images = self._made
        config, image = self._config, node.image
        return Machine(
            node.name,
            node=node,
            image=image,
            site=config.site,
            images={each.name: images[_image_key(each, node, image)] for each in _targets(config, node)},
            user_key=user_key,
            on_error=self._on_error,
            depends_on=depends_on,
            opts=self._opts,
        )


def _targets(config: LabConfig, node: NodeConfig) -> tuple[VsphereConfig, ...]:
    """The targets on which a node's machine may be."""
    target = config.site.target_of(node)
    return config.site.vsphere if target is None else (target,)


def _image_key(target: VsphereConfig, node: NodeConfig, image: ImageConfig) -> tuple[str, str, int]:
    """By which a node's image is told from others: where clones are linked, by the size of the disk that they read."""
    sized = target.placement.linked and not image.template
    return target.name, image.sha256, node.machine.disk_gib if sized else 0


def _images(config: LabConfig, user_key: SshKeyPair, opts: pulumi.ResourceOptions) -> dict[tuple[str, str, int], Image]:
    """The images: each on every target on which a node of it may be."""
    found: dict[tuple[str, str, int], Image] = {}
    for target in config.site.vsphere:
        made_of: dict[tuple[str, str, int], list[tuple[NodeConfig, ImageConfig]]] = {}
        for node in reversed(config.nodes):
            if node.image and target in _targets(config, node):
                made_of.setdefault(_image_key(target, node, node.image), []).append((node, node.image))
        for key, made in made_of.items():
            found[key] = _image(config, target, key, made[::-1], user_key, opts)
    return found


def _image(
    config: LabConfig,
    target: VsphereConfig,
    key: tuple[str, str, int],
    made: Sequence[tuple[NodeConfig, ImageConfig]],
    user_key: SshKeyPair,
    opts: pulumi.ResourceOptions,
) -> Image:
    """The name of one that is alone says nothing of its target, so that a target which gets a name changes nothing."""
    several = len(config.site.vsphere) > 1
    _, sha256, disk_gib = key
    size = f"-{disk_gib}g" if disk_gib else ""
    return Image(
        f"image-{sha256[:12]}{f'-{target.name}' if several else ''}{size}",
        image=made[0][1],
        host=target.name,
        datastore=target.datastore,
        network=target.network,
        state_key=user_key.public_key,
        nodes=[node for node, _ in made],
        opts=opts,
    )
