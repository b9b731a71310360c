"""What a file is, by how it begins: in the words of a user who gave another one than was wanted. Pure."""

GZIP = b"\x1f\x8b"
_RAW_SIGNATURE = slice(510, 512)
_BEGINNINGS = (
    (GZIP, "compressed by gzip"),
    (b"BZh", "compressed by bzip2"),
    (b"\xfd7zXZ\x00", "compressed by xz"),
    (b"(\xb5/\xfd", "compressed by zstd"),
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"KDMV", "a VMDK"),
    (b"COWD", "a VMDK of the kind of old ESX hosts"),
    (b"# Disk DescriptorFile", "the descriptor of a VMDK, whose content is another file"),
    (b"QFI\xfb", "a qcow2 disk"),
    (b"conectix", "a VHD disk"),
    (b"vhdxfile", "a VHDX disk"),
    (b"<<< Oracle VM VirtualBox", "a VDI disk"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself"),
)
_WEB = (b"<!doctype html", b"<html")
_TEXT = ("utf-8-sig", "utf-16")


def kind_of(beginning: bytes) -> str:
    """In a few words what a file is whose first 512 bytes these are."""
    if not beginning:
        return "empty"
    for signature, name in _BEGINNINGS:
        if beginning.startswith(signature):
            return name
    if beginning.lstrip().lower().startswith(_WEB):
        return "a web page"
    if _is_xml(beginning):
        return "XML (perhaps an OVF descriptor without its disks)"
    if beginning[_RAW_SIGNATURE] == b"\x55\xaa":
        return "a raw disk"
    return "of no kind that is known here"


def _is_xml(beginning: bytes) -> bool:
    for encoding in _TEXT:
        text = beginning.decode(encoding, errors="ignore").lstrip()
        if text.startswith(("<?xml", "<Envelope", "<ovf:")):
            return True
    return False
