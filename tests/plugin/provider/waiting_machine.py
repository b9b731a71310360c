"""A machine whose guest never has an address, so that its creation waits."""

from typing import Any

from tests.plugin.provider.driver import IMAGE, KEY_PAIR, Plugin, wrapped
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import DATASTORE

MACHINE_INPUTS = {
    "name": "w1",
    "cpus": 1,
    "memoryMiB": 512,
    "diskGiB": 2,
    "nestedVirtualization": False,
    "image": "[datastore] base/disk.vmdk",
    "imageSha256": "0" * 64,
    "datastore": DATASTORE,
    "network": "VM Network",
    "machineNetwork": "10.87.0.0/24",
    "sshUser": "lab",
    "sshPublicKey": "ssh-ed25519 AAAA lab",
    "hostKeyPrivate": "a private key",
    "hostKeyPublic": "ssh-ed25519 AAAA w1",
}


def inputs_of(plugin: Plugin, ova: Ova) -> dict[str, Any]:
    """The inputs of a machine whose guest never has an address; its image is imported."""
    keys = plugin.create(KEY_PAIR, "key", wrapped({"comment": "w1"})).outputs
    source = {"ova": str(ova.path), "sha256": ova.sha256, "datastore": DATASTORE, "network": "VM Network"}
    image = plugin.create(IMAGE, "image", wrapped(source)).outputs
    return {
        **MACHINE_INPUTS,
        "image": image["diskPath"],
        "imageSha256": ova.sha256,
        "sshPublicKey": keys["publicKey"],
        "hostKeyPrivate": keys["privateKey"],
        "hostKeyPublic": keys["publicKey"],
    }
