"""Two simulated hosts, a plugin that is configured with both, and machines that may be on either."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.plugin.provider.conftest import OWNER, machine_properties
from tests.plugin.provider.driver import MACHINE, Plugin, Resource
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import DATASTORE, NETWORK, PASSWORD, USER, Simulator

NAMES = ("rack1", "rack2")


@dataclass(slots=True)
class Racks:
    """Two hosts, a plugin that is configured with both, and what machines on them are made of."""

    hosts: Mapping[str, Simulator]
    plugin: Plugin
    key: Resource
    images: Mapping[str, Resource]
    ova: Ova

    def inputs(self, name: str, host: str = "", **changed: Any) -> dict[str, Any]:
        """Plain inputs of a machine that reports an address at once; without `host` the provider chooses one."""
        disks = {rack: image.outputs["diskPath"] for rack, image in self.images.items()}
        there = {"host": host, "datastore": DATASTORE, "network": NETWORK, "image": disks.get(host)}
        octet = 10 + sum(name.encode()) % 200
        return {
            "name": name,
            "cpus": 1,
            "memoryMiB": 512,
            "diskGiB": 4,
            "nestedVirtualization": False,
            "imageSha256": self.ova.sha256,
            "machineNetwork": "10.87.0.0/24",
            "sshUser": "lab",
            "sshPublicKey": self.key.outputs["publicKey"],
            "hostKeyPrivate": self.key.outputs["privateKey"],
            "hostKeyPublic": self.key.outputs["publicKey"],
            "extraConfig": {"SET.guest.ipAddress": f"10.87.0.{octet}"},
            **(there if host else {"images": disks}),
            **changed,
        }

    def create(self, name: str, host: str = "", **changed: Any) -> Resource:
        return self.plugin.create(MACHINE, name, machine_properties(self.inputs(name, host, **changed)))

    def on(self) -> dict[str, set[str]]:
        """The machines on each host, without the base machine of the image."""
        return {
            name: {each for each in host.machines() if not each.startswith("kubelab-base-")}
            for name, host in self.hosts.items()
        }


def targets(hosts: Mapping[str, Simulator], *unplaced: str, **changed: Any) -> dict[str, Any]:
    """The provider's configuration; `changed` are keys of rack2."""
    entries = [
        {
            **{"targetName": name, "server": "127.0.0.1", "port": host.port, "user": USER},
            **{"tlsCaPem": host.certificate.pem, "datastore": DATASTORE, "network": NETWORK},
            **(changed if name == "rack2" else {}),
        }
        for name, host in hosts.items()
    ]
    machines = [{"name": name, "diskGiB": 4, "memoryMiB": 512} for name in unplaced]
    return {
        "targets": json.dumps(entries),
        "passwords": json.dumps(dict.fromkeys(hosts, PASSWORD)),
        "owner": OWNER,
        "machines": json.dumps(machines),
    }
