"""The provider plugin's resources, as the program sees them; the plugin itself is in provider/."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from components import devices
from config import ImageConfig, LabConfig, MachineConfig, NodeConfig, VsphereConfig

PACKAGE = "kubelab"


def wanted_machines(config: LabConfig) -> str:
    """All machines of a lab as the provider takes them: a JSON list of what each wants of the host.

    With several targets each names its own, and one that names none has neither datastore nor network yet.
    """
    several = len(config.site.vsphere) > 1
    found = []
    for node in (each for each in config.nodes if not each.existing):
        target = config.site.target_of(node)
        home = {} if target is None else {"datastore": target.datastore, "network": target.network}
        found.append(devices.wants(node) | home | ({"host": node.host} if several and node.host else {}))
    return json.dumps(found)


def _reached(target: VsphereConfig) -> dict[str, object]:
    """How a target is reached, as the provider's keys have it, without the password; and its name, if it has one."""
    keys = {
        "targetName": target.name or None,
        "server": target.server,
        "port": target.port,
        "user": target.user,
        "tlsCaPem": target.tls.ca_pem,
        "tlsSha256": target.tls.sha256,
        **target.beyond_defaults,
        **target.placement.keys,
    }
    return {key: value for key, value in keys.items() if value is not None}


def _of_several(targets: Sequence[VsphereConfig], passwords: Mapping[str, pulumi.Input[str]]) -> dict[str, object]:
    """Several targets as the provider takes them: a JSON list, and a JSON object of passwords by name, a secret."""
    known = [{**_reached(target), "datastore": target.datastore, "network": target.network} for target in targets]
    return {
        "targets": json.dumps(known),
        "passwords": pulumi.Output.json_dumps({name: pulumi.Output.secret(each) for name, each in passwords.items()}),
    }


def urn(types: str, name: str) -> str:
    """The URN of a resource of this project; `types` are its parents' and its own, with $ between."""
    return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{types}::{name}"


def _output(resource: pulumi.CustomResource, name: str) -> pulumi.Output[str]:
    return cast("pulumi.Output[str]", pulumi.get(resource, name))


class MachineProvider(pulumi.ProviderResource):
    """The provider of all machines of a lab: the targets that some are made on, and those that exist.

    `passwords` are by the names of the targets. It marks everything that it makes. It is there as long as the lab and
    called the same whatever the machines are, so that it knows of each control plane where it was, and refuses that one
    is lost, unless it is said to be meant; and so that what is on targets which are named no more can be deleted.
    """

    def __init__(self, config: LabConfig, passwords: Mapping[str, pulumi.Input[str]]) -> None:
        targets = config.targets
        alone = targets[0] if len(targets) == 1 else None
        reached: Mapping[str, object] = _of_several(targets, passwords) if targets else {}
        if alone is not None:
            reached = {**_reached(alone), "password": pulumi.Output.secret(passwords[alone.name])}
        existing = ",".join(node.name for node in config.control_planes if node.existing)
        props = {
            **reached,
            "owner": f"{pulumi.get_project()}/{config.stack}",
            "controlPlanes": ",".join(node.name for node in config.control_planes),
            "existingControlPlanes": existing or None,
            "allowReplace": ",".join(node.name for node in config.control_planes if node.allow_replace),
            "machines": wanted_machines(config),
        }
        # Machines that exist had a provider of their own once, which was the only one of labs that had no others.
        former = urn(f"kubelab:lab:Lab$pulumi:providers:{PACKAGE}", "existing-machines")
        super().__init__(PACKAGE, "vsphere", props, pulumi.ResourceOptions(aliases=[former]))


class SshKeyPair(pulumi.CustomResource):
    """An ed25519 key pair, made once and kept in the state; the private half is a secret."""

    def __init__(self, name: str, *, comment: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            "kubelab:index:SshKeyPair", name, {"comment": comment, "privateKey": None, "publicKey": None}, opts
        )

    @property
    def private_key(self) -> pulumi.Output[str]:
        """OpenSSH PEM; secret."""
        return _output(self, "privateKey")

    @property
    def public_key(self) -> pulumi.Output[str]:
        """One line in authorized_keys form."""
        return _output(self, "publicKey")


class Image(pulumi.CustomResource):
    """An OVA, imported once per host, where machines copy its disk; or a template that a vCenter has.

    `state_key` is a public key of this state's own: it tells this user of the image from others of the same stack.
    `nodes` are those whose machines are made of it: an image that is unfit for one is refused before it is sent.
    """

    def __init__(
        self,
        name: str,
        *,
        image: ImageConfig,
        host: str,
        datastore: str,
        network: str,
        state_key: pulumi.Input[str],
        nodes: Sequence[NodeConfig],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "ova": image.ova or None,
            "template": image.template or None,
            "sha256": image.sha256,
            "host": host or None,
            "datastore": datastore,
            "network": network,
            "stateKey": state_key,
            "diskGiB": min((node.machine.disk_gib for node in nodes), default=None),
            "nestedVirtualization": any(node.machine.nested_virtualization == "require" for node in nodes),
            "hardwareVersions": {
                node.name: node.machine.hardware_version for node in nodes if node.machine.hardware_version
            }
            or None,
            "diskPath": None,
        }
        super().__init__("kubelab:index:Image", name, props, opts)

    @property
    def disk_path(self) -> pulumi.Output[str]:
        """The imported disk, as "[datastore] folder/file.vmdk"."""
        return _output(self, "diskPath")


class VirtualMachine(pulumi.CustomResource):
    """A virtual machine with an address at which it presents `host_key`. Its id is the instance UUID.

    `images` are by the names of the targets that it may be on: with several, the provider chooses, and `datastore` and
    `network` are those of the one that it chooses. `first_card` is what its first network card is given
    (first_card.py), nothing where all comes by DHCP; `devices` are its others, and its power (devices.py). `holds` is
    what is lost with it, "" if nothing: what makes it anew is refused then, without `allow_replace`.
    """

    def __init__(
        self,
        name: str,
        *,
        vm_name: str,
        machine: MachineConfig,
        images: Mapping[str, Image],
        image: ImageConfig,
        host: str,
        datastore: str | None,
        network: str | None,
        machine_network: str,
        first_card: Mapping[str, Any],
        ssh_user: str,
        ssh_public_key: pulumi.Input[str],
        host_key: SshKeyPair,
        replace_triggers: Mapping[str, str],
        keep_on_triggers: bool,
        holds: str,
        allow_replace: bool,
        devices: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        disks = {name: image.disk_path for name, image in images.items()}
        props = {
            "name": vm_name,
            "cpus": machine.cpus,
            "memoryMiB": machine.memory_mib,
            "diskGiB": machine.disk_gib,
            "nestedVirtualization": machine.nested_virtualization != "off",
            "mayLackNestedVirtualization": machine.nested_virtualization == "prefer" or None,
            "host": host or None,
            "image": next(iter(disks.values())) if len(disks) == 1 else None,
            "images": disks if len(disks) > 1 else None,
            "imageSha256": image.sha256,
            "template": image.template or None,
            "datastore": datastore,
            "network": network,
            "machineNetwork": machine_network,
            **first_card,
            "sshUser": ssh_user,
            "sshPublicKey": ssh_public_key,
            "hostKeyPrivate": host_key.private_key,
            "hostKeyPublic": host_key.public_key,
            "extraConfig": dict(machine.extra_config),
            "replaceTriggers": dict(replace_triggers),
            "keepOnTriggers": keep_on_triggers,
            "holds": holds or None,
            "allowReplace": allow_replace,
            **devices,
            "instanceUuid": None,
            "moid": None,
            "ipAddress": None,
            "macAddress": None,
        }
        super().__init__("kubelab:index:VirtualMachine", name, props, opts)

    @property
    def moid(self) -> pulumi.Output[str]:
        """The host's own identifier of this machine: another one once the machine was made anew."""
        return _output(self, "moid")

    @property
    def host(self) -> pulumi.Output[str]:
        """The name of the target that it is on, if that has one."""
        return _output(self, "host")

    @property
    def ip_address(self) -> pulumi.Output[str]:
        """The IPv4 address of the machine's NIC."""
        return _output(self, "ipAddress")
