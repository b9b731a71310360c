"""The provider plugin's resources, as the program sees them; the plugin itself is in provider/."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import pulumi

from config import LabConfig, MachineConfig

PACKAGE = "kubelab"


def wanted_machines(config: LabConfig) -> str:
    """All machines of a lab as the provider takes them: a JSON list of what each wants of the host."""
    vsphere = config.site.vsphere[0]
    return json.dumps(
        [
            {
                "name": node.name,
                "diskGiB": node.machine.disk_gib,
                "memoryMiB": node.machine.memory_mib,
                "datastore": vsphere.datastore,
                "network": vsphere.network,
            }
            for node in config.nodes
        ]
    )


def _output(resource: pulumi.CustomResource, name: str) -> pulumi.Output[str]:
    return cast("pulumi.Output[str]", pulumi.get(resource, name))


class VSphere(pulumi.ProviderResource):
    """A standalone ESXi host and how to reach it. `owner` marks everything made through it.

    That one is not among `control_planes` any more is refused, unless some of them are in `allow_replace`. `machines`
    is what the lab wants of the host (`wanted_machines`): the host is asked for it before anything is changed.
    """

    def __init__(
        self,
        name: str,
        *,
        server: str,
        port: int,
        user: str,
        password: pulumi.Input[str],
        tls_ca_pem: str | None,
        tls_sha256: str | None,
        owner: str,
        control_planes: Sequence[str] = (),
        allow_replace: Sequence[str] = (),
        machines: str = "[]",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            PACKAGE,
            name,
            {
                "server": server,
                "port": port,
                "user": user,
                "password": pulumi.Output.secret(password),
                "tlsCaPem": tls_ca_pem,
                "tlsSha256": tls_sha256,
                "owner": owner,
                "controlPlanes": ",".join(control_planes),
                "allowReplace": ",".join(allow_replace),
                "machines": machines,
            },
            opts,
        )

    @classmethod
    def declared(cls, config: LabConfig, password: pulumi.Input[str]) -> "VSphere":
        """The host that a lab's site names."""
        vsphere = config.site.vsphere[0]
        return cls(
            "vsphere",
            server=vsphere.server,
            port=vsphere.port,
            user=vsphere.user,
            password=password,
            tls_ca_pem=vsphere.tls.ca_pem,
            tls_sha256=vsphere.tls.sha256,
            owner=f"{pulumi.get_project()}/{config.stack}",
            control_planes=[node.name for node in config.control_planes],
            allow_replace=[node.name for node in config.control_planes if node.allow_replace],
            machines=wanted_machines(config),
        )


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
    """An OVA, imported once per host; machines copy its disk on the host itself.

    `state_key` is a public key of this state's own: it tells this user of the image from others of the same stack.
    `machines` are those made of it: an image that is unfit for one of them is refused before it is sent.
    """

    def __init__(
        self,
        name: str,
        *,
        ova: str,
        sha256: str,
        datastore: str,
        network: str,
        state_key: pulumi.Input[str],
        machines: Sequence[MachineConfig],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "ova": ova,
            "sha256": sha256,
            "datastore": datastore,
            "network": network,
            "stateKey": state_key,
            "diskGiB": min((machine.disk_gib for machine in machines), default=None),
            "nestedVirtualization": any(machine.nested_virtualization == "require" for machine in machines),
            "diskPath": None,
        }
        super().__init__("kubelab:index:Image", name, props, opts)

    @property
    def disk_path(self) -> pulumi.Output[str]:
        """The imported disk, as "[datastore] folder/file.vmdk"."""
        return _output(self, "diskPath")


class VirtualMachine(pulumi.CustomResource):
    """A virtual machine with an address at which it presents `host_key`. Its id is the instance UUID.

    `devices` is what it has besides what it is made with, and whether it is on (components/devices.py).

    `holds` is what is lost with it, "" if nothing: what makes it anew is refused then, unless `allow_replace` is true.
    """

    def __init__(
        self,
        name: str,
        *,
        vm_name: str,
        machine: MachineConfig,
        image: Image,
        image_sha256: str,
        datastore: str,
        network: str,
        machine_network: str,
        ssh_user: str,
        ssh_public_key: pulumi.Input[str],
        host_key: SshKeyPair,
        replace_triggers: Mapping[str, str],
        keep_on_triggers: bool,
        holds: str,
        allow_replace: bool,
        devices: Mapping[str, Any] = MappingProxyType({}),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "name": vm_name,
            "cpus": machine.cpus,
            "memoryMiB": machine.memory_mib,
            "diskGiB": machine.disk_gib,
            "nestedVirtualization": machine.nested_virtualization != "off",
            "mayLackNestedVirtualization": machine.nested_virtualization == "prefer" or None,
            "image": image.disk_path,
            "imageSha256": image_sha256,
            "datastore": datastore,
            "network": network,
            "machineNetwork": machine_network,
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
    def ip_address(self) -> pulumi.Output[str]:
        """The IPv4 address of the machine's NIC."""
        return _output(self, "ipAddress")
