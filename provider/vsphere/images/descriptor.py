"""An OVF descriptor (DSP0243 1.x, with VMware's extensions) as plain data: what it says of files, disks and hardware.

Names are compared without their namespaces: tools write the same element in several. Pure.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from provider.vsphere.errors import VsphereError

DISK = 17
_OVF_2 = "http://schemas.dmtf.org/ovf/envelope/2"
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_DECLARED = re.compile(rb"""^[^>]*\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_POWER = re.compile(r"byte\s*\*\s*(\d{1,4})\s*(?:\^\s*(\d{1,2}))?")
_UNITS = {"": 1, "byte": 1, "bytes": 1, "kilobytes": 1 << 10, "megabytes": 1 << 20, "gigabytes": 1 << 30}
_DIGITS = 18
_BY_DECLARATION = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-r|shift_jis|euc_jp|gb2312|gbk|gb18030|big5")


@dataclass(frozen=True, slots=True)
class ReferencedFile:
    """A file that the descriptor names; `size` and `chunk_size` in bytes, None where it does not say them."""

    id: str
    href: str
    size: int | None = None
    chunk_size: int | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk that the machine has: its file, None for an empty one; capacity in bytes, 0 where it is not said."""

    name: str
    file: ReferencedFile | None
    capacity: int
    is_difference: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """A device: CIM's number of its kind, the subtype, and what the descriptor calls it."""

    kind: int
    subtype: str
    name: str


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a descriptor says; `hardware` are families it was made for, such as `vmx-15`; `firmware` is "" for BIOS."""

    text: str = field(repr=False)
    machines: int
    version_2: bool
    disks: tuple[Disk, ...]
    devices: tuple[Device, ...]
    networks: tuple[str, ...]
    hardware: tuple[str, ...]
    firmware: str
    secure_boot: bool
    nvram: ReferencedFile | None

    @property
    def hardware_versions(self) -> tuple[int, ...]:
        """The numbers of VMware's hardware versions that it was made for."""
        found = (re.fullmatch(r"vmx-(\d{1,4})", family) for family in self.hardware)
        return tuple(int(match[1]) for match in found if match)


def read(source: str, name: str, content: bytes) -> Descriptor:
    """The descriptor in the file `name` of the image `source`. Raises VsphereError if it is none."""
    text = _DECLARATION.sub("", _decoded(source, name, content), count=1).lstrip()
    where = f"image {source}: its descriptor {name}"
    if "<!DOCTYPE" in text[:4096] or "<!ENTITY" in text:
        raise VsphereError(f"{where} declares a document type, which no OVF has; take an OVA without one")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise VsphereError(f"{where} is not XML ({error}); fetch or export it anew") from None
    if _local(root.tag) != "Envelope":
        raise VsphereError(f"{where} is no OVF: found <{_local(root.tag)}>, wanted <Envelope>")
    return _described(root, text)


def _decoded(source: str, name: str, content: bytes) -> str:
    """By its mark, else by what it declares; text of neither is UTF-8, or Latin-1 as old tools write it."""
    marked = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    declared = _DECLARED.match(content[:200])
    usual = [*_known(declared[1].decode() if declared else ""), "utf-8", "latin-1"]
    encodings = [marked] if marked else usual
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise VsphereError(
        f"image {source}: its descriptor {name} cannot be read as {encodings[0]}, which its beginning says it is; "
        "export it anew as UTF-8"
    )


def _known(encoding: str) -> list[str]:
    """What a declaration that can be read as ASCII may name: no UTF-16, whose declaration could not."""
    try:
        found = codecs.lookup(encoding).name
    except LookupError:
        return []
    return [found] if _BY_DECLARATION.fullmatch(found) else []


def _described(root: Element, text: str) -> Descriptor:
    files = {file.id: file for file in map(_file, _all(root, "File"))}
    chosen = _configuration(root)
    items = [item for item in _items(root) if not (of := _attribute(item, "configuration")) or chosen in of.split()]
    settings = {
        _attribute(each, "key"): _attribute(each, "value")
        for kind in ("Config", "ExtraConfig")
        for each in _all(root, kind)
    }
    nvram = settings.get("nvram", "").rpartition("/")[2]
    return Descriptor(
        text=text,
        machines=sum(1 for _ in _all(root, "VirtualSystem")),
        version_2=root.tag.startswith(f"{{{_OVF_2}}}"),
        disks=tuple(_disks(root, items, files)),
        devices=tuple(_device(item) for item in items),
        networks=tuple(name for each in _all(root, "Network") if (name := _attribute(each, "name"))),
        hardware=tuple(re.findall(r"[^\s,]+", next((_text(each) for each in _all(root, "VirtualSystemType")), ""))),
        firmware=settings.get("firmware", "").lower().replace("bios", ""),
        secure_boot=settings.get("bootOptions.efiSecureBootEnabled", "").lower() == "true",
        nvram=files.get(nvram) or next((file for file in files.values() if file.href.endswith(".nvram")), None),
    )


def _disks(root: Element, items: list[Element], files: dict[str, ReferencedFile]) -> Iterator[Disk]:
    declared = {_attribute(disk, "diskId"): disk for disk in _all(root, "Disk")}
    for item in items:
        if _number(_child(item, "ResourceType")) != DISK:
            continue
        resource = _child(item, "HostResource").rpartition("/")[2]
        disk, name = declared.get(resource), _child(item, "ElementName") or resource
        if disk is None:
            yield Disk(name, files.get(resource), 0)
            continue
        unit = _attribute(disk, "capacityAllocationUnits")
        capacity = (_number(_attribute(disk, "capacity")) or 0) * _unit(unit)
        file = files.get(_attribute(disk, "fileRef"))
        yield Disk(name, file, capacity, bool(_attribute(disk, "parentRef")))


def _items(root: Element) -> list[Element]:
    """The hardware of the machine; a collection of machines has items of another kind."""
    kinds = ("Item", "StorageItem", "EthernetPortItem")
    return [item for section in _all(root, "VirtualHardwareSection") for kind in kinds for item in _all(section, kind)]


def _configuration(root: Element) -> str:
    """The deployment option that a host takes where none is named."""
    options = list(_all(root, "Configuration"))
    chosen = next((each for each in options if _attribute(each, "default") in ("true", "1")), None)
    return _attribute(chosen if chosen is not None else options[0], "id") if options else ""


def _device(item: Element) -> Device:
    kind = _number(_child(item, "ResourceType")) or 0
    return Device(kind, _child(item, "ResourceSubType"), _child(item, "ElementName"))


def _file(file: Element) -> ReferencedFile:
    size, chunk = _number(_attribute(file, "size")), _number(_attribute(file, "chunkSize"))
    return ReferencedFile(_attribute(file, "id"), _attribute(file, "href"), size, chunk)


def _unit(text: str) -> int:
    power = _POWER.fullmatch(text.strip())
    if power:
        bytes_of_a_unit: int = int(power[1]) ** int(power[2] or 1)
        return bytes_of_a_unit
    return _UNITS.get(text.strip().lower(), 1)


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def _all(root: Element, name: str) -> Iterator[Element]:
    return (element for element in root.iter() if isinstance(element.tag, str) and _local(element.tag) == name)


def _child(element: Element, name: str) -> str:
    return next((_text(child) for child in element if _local(str(child.tag)) == name), "")


def _attribute(element: Element, name: str) -> str:
    return next((value for key, value in element.attrib.items() if _local(key) == name), "")


def _text(element: Element) -> str:
    return (element.text or "").strip()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
