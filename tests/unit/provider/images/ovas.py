"""OVAs of all sorts, small: a descriptor, a disk of a few hundred bytes, an archive round them."""

import hashlib
import io
import struct
import tarfile
from collections.abc import Iterable
from pathlib import Path

from provider.vsphere.images.inspection import Image, inspected
from provider.vsphere.model import ImageSource

HARDWARE = tuple(range(4, 22))
GIB = 1024**3
STREAM_OPTIMIZED = 1 << 16 | 1 << 17 | 1
_AT_END = 0xFFFFFFFFFFFFFFFF


def header(
    *, version: int = 3, flags: int = STREAM_OPTIMIZED, sectors: int = GIB // 512, line: bytes = b"\n \r\n"
) -> bytes:
    """The first 512 bytes of a VMDK."""
    fields = (b"KDMV", version, flags, sectors, 128, 1, 20, 512, 0, _AT_END, 128, 0, line, 1)
    return struct.pack("<4sIIQQQQIQQQB4sH433x", *fields)


def vmdk(**changed: object) -> bytes:
    """A VMDK that is streamOptimized, without content."""
    return header(**changed) + b"grains" * 100 + header(**changed) + bytes(512)  # type: ignore[arg-type]


def item(kind: int, name: str, *, subtype: str = "", more: str = "") -> str:
    """A piece of hardware."""
    sub = f"<rasd:ResourceSubType>{subtype}</rasd:ResourceSubType>" if subtype else ""
    return (
        f"<Item><rasd:ElementName>{name}</rasd:ElementName><rasd:InstanceID>{kind}</rasd:InstanceID>{more}{sub}"
        f"<rasd:ResourceType>{kind}</rasd:ResourceType></Item>"
    )


def disk_item(disk: str) -> str:
    """A disk of the machine."""
    return item(17, f"Hard disk {disk}", more=f"<rasd:HostResource>ovf:/disk/{disk}</rasd:HostResource>")


DISK = '<Disk ovf:diskId="d1" ovf:fileRef="f1" ovf:capacity="1" ovf:capacityAllocationUnits="byte * 2^30"/>'
FILE = '<File ovf:id="f1" ovf:href="d.vmdk"/>'


def ovf(
    *,
    files: str = FILE,
    disks: str = DISK,
    items: Iterable[str] = (),
    hardware: str = "vmx-15",
    more: str = "",
    namespace: str = "http://schemas.dmtf.org/ovf/envelope/1",
    declaration: str = "",
    annotation: str = "",
) -> str:
    """A descriptor of a machine with one disk, unless another is given."""
    listed = "".join(items) if items else disk_item("d1")
    return f"""{declaration}<Envelope xmlns="{namespace}" xmlns:ovf="{namespace}"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
 xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"
 xmlns:vmw="http://www.vmware.com/schema/ovf">
<References>{files}</References><DiskSection>{disks}</DiskSection>
<NetworkSection><Network ovf:name="net"/></NetworkSection>
<VirtualSystem ovf:id="m"><AnnotationSection><Annotation>{annotation}</Annotation></AnnotationSection>
<VirtualHardwareSection>
<System><vssd:VirtualSystemType>{hardware}</vssd:VirtualSystemType></System>{listed}{more}
</VirtualHardwareSection></VirtualSystem></Envelope>"""


def config(key: str, value: str) -> str:
    """A setting of VMware's."""
    return f'<vmw:Config vmw:key="{key}" vmw:value="{value}"/>'


def tar(members: dict[str, bytes]) -> bytes:
    """An archive of files, in this order."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as out:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            out.addfile(member, io.BytesIO(data))
    return archive.getvalue()


def source(folder: Path, content: bytes, *, name: str = "x.ova", gib: int = 0, nested: bool = False) -> ImageSource:
    """The file of an image."""
    path = folder / name
    path.write_bytes(content)
    return ImageSource(str(path), hashlib.sha256(content).hexdigest(), "ds", None, gib, nested)


def nothing() -> None:
    """Is asked between chunks, and goes on."""


def inspect(image: ImageSource, host: tuple[int, ...] = HARDWARE, *, cloned: bool = False) -> tuple[Image, bytes]:
    """The inspected image, and its disk as it would be sent."""
    with inspected(image, host, nothing, cloned=cloned) as found:
        (disk,) = found.descriptor.disks
        assert disk.file is not None
        content = found.content(disk.file.href)
        assert content is not None
        with content.open() as stream:
            sent = stream.read()
        assert len(sent) == content.size
        return found, sent
