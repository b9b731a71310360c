"""The image resource with a template: nothing is imported, nothing is released."""

from typing import Any

import pytest

from provider.image import Image
from provider.resource import Operation
from provider.vsphere.identity import base_name, disk_gib_of
from provider.vsphere.model import ImageSource, ImportedImage

SHA256 = "ab" * 32
TEMPLATE = {"template": "debian", "sha256": SHA256, "datastore": "ds", "diskGiB": 40}


class Images:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def acquire(self, source: ImageSource, user: str) -> ImportedImage:
        self.asked.append((source.template, source.ova, user))
        return ImportedImage("[ds] debian/debian.vmdk", 1024, "template-abababababab")

    def find_template(self, name: str) -> ImportedImage | None:
        self.asked.append(name)
        return None if name == "gone" else ImportedImage("[ds] debian/debian.vmdk", 1024)

    def release(self, *arguments: Any) -> None:
        self.asked.append(arguments)


def operation(images: Images) -> Operation:
    return Operation(
        name="image-1",
        owner="kubelab/test",
        seconds=0,
        machines=lambda: pytest.fail("no machine is asked for"),
        images=lambda: images,  # type: ignore[arg-type,return-value]
        preflight=lambda: None,
        progress=lambda _: None,
        info=lambda _: None,
    )


def test_a_template_is_looked_at_and_left_at_the_end() -> None:
    images = Images()
    id_, outputs = Image().create(operation(images), TEMPLATE)
    assert id_ == "template-abababababab@kubelab/test/image-1"
    assert outputs["diskPath"] == "[ds] debian/debian.vmdk"
    found = Image().read(operation(images), id_, TEMPLATE, outputs)
    assert found is not None
    assert found.outputs == outputs
    assert Image().read(operation(images), id_, TEMPLATE, {**outputs, "template": "gone"}) is None
    Image().delete(operation(images), id_, outputs)
    assert images.asked == [("debian", "", "kubelab/test/image-1"), "debian", "gone"], "nothing was released"


def test_a_template_needs_a_name_and_an_ova_is_asked_for_where_there_is_none() -> None:
    assert Image().check({**TEMPLATE, "template": ""}) == {"template": "found '', wanted some text"}
    assert Image().check({"sha256": SHA256, "datastore": "ds"}) == {"ova": "found None, wanted some text"}
    assert Image().check(TEMPLATE) == {}


@pytest.mark.parametrize("gib", [0, 4, 4000])
def test_the_size_of_a_base_machines_disk_is_in_its_name(gib: int) -> None:
    assert disk_gib_of(base_name(SHA256, gib)) == gib
    images = Images()
    Image().delete(operation(images), f"{base_name(SHA256, gib)}@user", {"sha256": SHA256, "datastore": "ds"})
    assert images.asked == [(SHA256, "ds", "user", gib)]
