"""The machines of a lab: those that are made, with the images that they are made of, and those that exist."""

from collections.abc import Mapping

import pulumi

from components.existing_machine import Existing, ExistingMachines
from components.machine import Machine
from components.name_lookup import node_addresses
from components.unreachable import error_hook
from components.vsphere import Image, SshKeyPair
from config import ImageConfig, LabConfig, NodeConfig, VsphereConfig


def machines_of(config: LabConfig, opts: pulumi.ResourceOptions) -> Mapping[str, Machine | Existing]:
    """The machines by the names of their nodes, in the order of these."""
    on_error = error_hook()
    found = {**_made(config, on_error, opts), **_existing(config, on_error, opts)}
    return {node.name: found[node.name] for node in config.nodes}


def _made(
    config: LabConfig, on_error: pulumi.ErrorHook, opts: pulumi.ResourceOptions
) -> Mapping[str, Machine | Existing]:
    made = [(node, node.image) for node in config.nodes if node.image]
    if not made:
        return {}
    user_key = SshKeyPair("user-key", comment=f"{config.site.ssh.user}@{config.stack}", opts=opts)
    images = _images(config, user_key, opts)
    return {
        node.name: Machine(
            node.name,
            node=node,
            image_sha256=image.sha256,
            site=config.site,
            images={name: images[name, image.sha256] for name in _hosts(config, node)},
            user_key=user_key,
            on_error=on_error,
            opts=opts,
        )
        for node, image in made
    }


def _existing(
    config: LabConfig, on_error: pulumi.ErrorHook, opts: pulumi.ResourceOptions
) -> Mapping[str, Machine | Existing]:
    found = [(node, node.existing) for node in config.nodes if node.existing]
    if not found:
        return {}
    provider = ExistingMachines(config, pulumi.ResourceOptions(parent=opts.parent))
    addresses = node_addresses(config.nodes)
    return {
        node.name: Existing(
            node.name,
            node=node,
            existing=existing,
            node_address=addresses[node.name],
            provider=provider,
            on_error=on_error,
            opts=opts,
        )
        for node, existing in found
    }


def _hosts(config: LabConfig, node: NodeConfig) -> tuple[str, ...]:
    """The names of the targets on which a node's machine may be."""
    target = config.site.target_of(node)
    return tuple(each.name for each in config.site.vsphere) if target is None else (target.name,)


def _images(config: LabConfig, user_key: SshKeyPair, opts: pulumi.ResourceOptions) -> dict[tuple[str, str], Image]:
    """The images by target and SHA-256: each on every target on which a node of it may be."""
    made = [(node, node.image) for node in reversed(config.nodes) if node.image]
    wanted = {(name, image.sha256): image for node, image in made for name in _hosts(config, node)}
    return {
        (target.name, sha256): _image(config, target, wanted[target.name, sha256], user_key, opts)
        for target in config.site.vsphere
        for name, sha256 in wanted
        if name == target.name
    }


def _image(
    config: LabConfig, target: VsphereConfig, image: ImageConfig, user_key: SshKeyPair, opts: pulumi.ResourceOptions
) -> Image:
    """The name of one that is alone says nothing of its target, so that a target which gets a name changes nothing."""
    several = len(config.site.vsphere) > 1
    made_of_it = [node for node in config.nodes if node.image and node.image.sha256 == image.sha256]
    return Image(
        f"image-{image.sha256[:12]}{f'-{target.name}' if several else ''}",
        ova=image.ova,
        sha256=image.sha256,
        host=target.name,
        datastore=target.datastore,
        network=target.network,
        state_key=user_key.public_key,
        machines=[node.machine for node in made_of_it if target.name in _hosts(config, node)],
        opts=opts,
    )
