"""What a machine is made of: image, datastore and network, found and found fit before anything is made."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from provider.vsphere import files, spec
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.images.base_machines import Images
from provider.vsphere.machine import Machine
from provider.vsphere.making import cloning
from provider.vsphere.making.promises import promised
from provider.vsphere.model import ObservedMachine
from provider.vsphere.place import Cloning, Datastore, Network, Place, home_of


@dataclass(frozen=True, slots=True)
class Parts:
    """What a machine is made of; `source` is the image's base machine, or the template."""

    source: Machine
    image: ObservedMachine
    datastore: Datastore
    network: Network


def parts_of(place: Place, desired: DesiredMachine, progress: Callable[[str], None]) -> Parts:
    """All that can be known to fail before anything is made, which raises VsphereError."""
    lies_with_its_image = place.cloning is Cloning.LINKED and not desired.template
    datastore = place.datastore(desired.datastore, None if lies_with_its_image else promised(desired))
    network, images = place.network(desired.network), Images(place, progress)
    wanted = (desired.image_sha256, desired.datastore, desired.template, desired.disk_gib)
    source, image = place.session.recent.of(("base", *wanted), lambda: _base_of(place, images, desired, datastore))
    offered = place.hardware_versions if desired.hardware_version or desired.template else ()
    spec.check_hardware(desired, image, offered, cloned=place.cloning is not None)
    if place.cloning is Cloning.LINKED:
        cloning.check_linked(desired, image)
        if lies_with_its_image:
            datastore = home_of(place, desired.datastore, image.vmx_path)
    return Parts(source, image, datastore, network)


def _base_of(
    place: Place, images: Images, desired: DesiredMachine, datastore: Datastore
) -> tuple[Machine, ObservedMachine]:
    """What is asked of folders before a clone is asked beside it: a server takes its time for each of the two."""
    if place.cloning is None:
        return images.base_of(desired)
    with ThreadPoolExecutor(1) as beside:
        beside.submit(files.existed, place, datastore, "")  # an error is met where it is asked for
        return images.base_of(desired)
