"""Existing: one machine that exists, with its address and the ssh host key by which it is known."""

import pulumi

from components.script import Host
from components.step import render_stdin
from components.steps.node import reset
from components.vsphere import urn
from config import ExistingMachineConfig, NodeConfig

_HELD_BY_A_CONTROL_PLANE = "its etcd, and with it the whole cluster,"
# What the machine of a node is where it is made: one that exists is another one in its place, once that is deleted.
_MADE = "kubelab:lab:Lab$kubelab:machine:Machine$kubelab:index:VirtualMachine"


class ExistingMachine(pulumi.CustomResource):
    """A machine that exists, once its host key was seen and its user became root. Its id is another one each time.

    Deleting it brings the machine back to what it was before: `kubeadm reset`, packages, files, settings.
    """

    def __init__(
        self,
        name: str,
        *,
        node: NodeConfig,
        existing: ExistingMachineConfig,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        is_control_plane = node.role == "controlPlane"
        props = {
            "name": node.name,
            "address": existing.address,
            "port": existing.port,
            "user": existing.user,
            "hostKey": existing.host_key,
            "privateKey": pulumi.Output.secret(existing.private_key.get_secret_value()),
            "removalCommand": reset.REMOVAL.command,
            "removalInput": render_stdin(reset.REMOVAL.file, reset.environment(node, existing.user)),
            "removalSeconds": reset.REMOVAL.timeout_seconds,
            # A control plane keeps its machine and its runtime, whatever is declared; its step refuses another one.
            "replaceTriggers": {} if is_control_plane else {"runtime": node.runtime},
            "holds": _HELD_BY_A_CONTROL_PLANE if is_control_plane else None,
            "allowReplace": node.allow_replace,
        }
        super().__init__("kubelab:index:ExistingMachine", name, props, opts)


class Existing(pulumi.ComponentResource):
    """A machine that somebody else made and goes on with: what a `Machine` is to the steps.

    `node_address` is the IPv4 address by which other nodes reach it.
    """

    address: pulumi.Output[str]
    host: Host

    def __init__(
        self,
        name: str,
        *,
        node: NodeConfig,
        existing: ExistingMachineConfig,
        node_address: str,
        on_error: pulumi.ErrorHook,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:machine:Existing", name, None, opts)
        machine = ExistingMachine(
            name,
            node=node,
            existing=existing,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True, aliases=[urn(_MADE, name)]),
        )
        self.address = pulumi.Output.from_input(node_address)
        self.host = Host(
            name=node.name,
            address=existing.address,
            user=existing.user,
            private_key=pulumi.Output.secret(existing.private_key.get_secret_value()),
            host_key=existing.host_key,
            machine=machine,
            instance_id=machine.id,
            on_error=on_error,
            port=existing.port,
        )
        self.register_outputs({"address": self.address})
