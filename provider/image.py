"""kubelab:index:Image: an OVA imported once per host and datastore, shared by stacks."""

import re
from collections.abc import Mapping, Sequence

from provider.resource import Change, Found, Operation, PropertyChange, changed
from provider.vsphere.errors import VsphereError
from provider.vsphere.identity import disk_gib_of, owner_of_state
from provider.vsphere.model import ImageSource, ImportedImage
from provider.wire import UNKNOWN, Properties, is_unknown

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class Image:
    """Inputs: ova (or template), sha256, host, datastore, network, stateKey, diskGiB, nestedVirtualization,
    hardwareVersions.

    Outputs: all inputs, diskPath, capacityKiB. `host` is the name of its target, if that has one. A template is one
    that the vCenter has: it is looked at and left as it is, at the end too; its sha256 is that of its name.

    `diskGiB` is the smallest disk of the machines that are made of it, `nestedVirtualization` is true if one of them
    must have it, `hardwareVersions` are those that they are to have, by their names: an image that is unfit for them is
    refused before it is sent. None of these is compared.

    The id names the base machine and this user of it: `stateKey`, a public key that the state alone has, tells it from
    the same stack's other checkouts. Where the OVA comes from does not matter once it is imported.
    """

    token = "kubelab:index:Image"
    secret_keys: frozenset[str] = frozenset()
    stable_keys: tuple[str, ...] = ("diskPath", "capacityKiB")
    delete_before_replace = False
    is_on_a_target = True

    def check(self, news: Properties) -> Mapping[str, str]:
        """ova or template, sha256 and datastore are required."""
        faults = {
            key: f"found {news.get(key)!r}, wanted some text"
            for key in ("template" if "template" in news else "ova", "sha256", "datastore")
            if not isinstance(news.get(key), str) or not news[key]
        }
        sha256 = news.get("sha256")
        if "sha256" not in faults and not is_unknown(sha256) and not _SHA256.fullmatch(str(sha256)):
            faults["sha256"] = f"found {sha256!r}, wanted 64 hex digits"
        return faults

    def diff(self, olds: Properties, news: Properties) -> list[PropertyChange]:
        """Other content or another place is another image."""
        return changed(olds, news, dict.fromkeys(("sha256", "host", "datastore"), Change.REPLACE))

    def replacement(self, _olds: Properties, _news: Properties, _changes: Sequence[PropertyChange]) -> str | None:
        """Nothing that a user has is lost with it."""
        return None

    def preview_create(self, _operation: Operation, inputs: Properties) -> Properties:
        """The host chooses the disk's file name."""
        return {**inputs, "diskPath": UNKNOWN, "capacityKiB": UNKNOWN}

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Imports the OVA unless it is there."""
        owner, key = operation.owned_by(), inputs.get("stateKey")
        user = f"{owner_of_state(owner, key) if key else owner}/{operation.name}"
        source = ImageSource(
            ova=inputs.get("ova", ""),
            sha256=inputs["sha256"],
            datastore=inputs["datastore"],
            network=inputs.get("network"),
            least_disk_gib=int(inputs.get("diskGiB") or 0),
            nested_virtualization=inputs.get("nestedVirtualization") is True,
            template=inputs.get("template", ""),
            hardware_versions={name: int(each) for name, each in (inputs.get("hardwareVersions") or {}).items()},
        )
        operation.preflight()
        acquired = operation.images().acquire(source, user)
        return f"{acquired.name}@{user}", _outputs(inputs, acquired)

    def read(self, operation: Operation, id_: str, inputs: Properties, outputs: Properties) -> Found | None:
        """Gone means that the next up imports it again."""
        if "sha256" not in outputs or "datastore" not in outputs:
            raise VsphereError(
                f"image {id_}: images cannot be imported into a stack; declare it, up finds it on the host"
            )
        images = operation.images()
        if outputs.get("template"):
            found = images.find_template(outputs["template"])
        else:
            found = images.find(outputs["sha256"], outputs["datastore"], _user(id_), disk_gib_of(_name(id_)))
        return None if found is None else Found(id_, inputs, _outputs(outputs, found))

    def preview_update(self, _operation: Operation, olds: Properties, news: Properties) -> Properties:
        """Nothing but inputs changes."""
        return {**olds, **news}

    def update(self, _operation: Operation, _id: str, olds: Properties, news: Properties) -> Properties:
        """Nothing but inputs changes."""
        return {**olds, **news}

    def delete(self, operation: Operation, id_: str, olds: Properties) -> None:
        """The last user's leaving removes it from the host."""
        if not olds.get("template"):
            operation.images().release(olds["sha256"], olds["datastore"], _user(id_), disk_gib_of(_name(id_)))


def _name(id_: str) -> str:
    return id_.partition("@")[0]


def _user(id_: str) -> str:
    return id_.partition("@")[2]


def _outputs(inputs: Properties, imported: ImportedImage) -> Properties:
    return {**inputs, "diskPath": imported.disk_path, "capacityKiB": imported.capacity // 1024}
