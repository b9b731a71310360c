"""Machine: one virtual machine on the host, with its address and the ssh host key it presents."""

from collections.abc import Mapping, Sequence

import pulumi

from components import devices, first_card
from components.script import Host
from components.vsphere import Image, SshKeyPair, VirtualMachine, urn
from config import ImageConfig, NodeConfig, SiteConfig

_HELD_BY_A_CONTROL_PLANE = "its etcd, and with it the whole cluster if no other control plane has a copy,"

# What the machine of a node is where it exists: one that is made is another one in its place, once that is left.
_EXISTING = "kubelab:lab:Lab$kubelab:machine:Existing$kubelab:index:ExistingMachine"


class Machine(pulumi.ComponentResource):
    """A virtual machine whose host key was generated here, so that the first connection verifies it.

    `images` are by the names of the targets that it may be on; `on` is the name of the one that it is on. It changes
    once `depends_on` is done: before one is shut down, its node has left the cluster.
    """

    address: pulumi.Output[str]
    on: pulumi.Output[str]
    host: Host

    def __init__(
        self,
        name: str,
        *,
        node: NodeConfig,
        image: ImageConfig,
        site: SiteConfig,
        images: Mapping[str, Image],
        user_key: SshKeyPair,
        on_error: pulumi.ErrorHook,
        depends_on: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:machine:Machine", name, None, opts)
        target = site.target_of(node)
        host_key = SshKeyPair(f"{name}-host-key", comment=node.name, opts=pulumi.ResourceOptions(parent=self))
        vm = VirtualMachine(
            name,
            vm_name=node.name,
            machine=node.machine,
            images=images,
            image=image,
            host=node.host,
            datastore=target.datastore if target else None,
            network=target.network if target else None,
            machine_network=site.addresses.network,
            first_card=first_card.given(node, site.addresses),
            ssh_user=site.ssh.user,
            ssh_public_key=user_key.public_key,
            host_key=host_key,
            # A control plane keeps its machine and its runtime, whatever is declared; its step refuses another one.
            replace_triggers={"runtime": node.runtime} if node.role == "worker" else {},
            keep_on_triggers=node.on_runtime_change == "resetNode",
            holds=_HELD_BY_A_CONTROL_PLANE if node.role == "controlPlane" else "",
            allow_replace=node.allow_replace,
            devices=devices.properties(node),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(depends_on),
                delete_before_replace=True,
                aliases=[urn(_EXISTING, name)],
                custom_timeouts=pulumi.CustomTimeouts(
                    create=f"{node.machine.start_seconds}s", update=f"{node.machine.start_seconds}s"
                ),
            ),
        )
        self.address = vm.ip_address
        self.on = vm.host
        self.host = Host(
            name=node.name,
            address=vm.ip_address,
            user=site.ssh.user,
            private_key=user_key.private_key,
            host_key=host_key.public_key,
            machine=vm,
            instance_id=vm.moid,
            on_error=on_error,
            rests=node.power == "off",
        )
        self.register_outputs({"address": self.address})
