"""Forms of OVA that tools write: each is read as what it is, or refused by its name, before anything moves."""

import bz2
import gzip
import random
from pathlib import Path

import pytest

from provider.vsphere.errors import VsphereError
from tests.unit.provider.images.ovas import DISK, disk_item, inspect, item, ovf, source, tar, vmdk

OVF, VMDK = ovf().encode(), vmdk()
GZIPPED = '<File ovf:id="f1" ovf:href="d.vmdk" ovf:compression="gzip"/>'
SECOND = "</VirtualHardwareSection></VirtualSystem><VirtualSystem><VirtualHardwareSection>"
CHUNKED = '<File ovf:id="f1" ovf:href="d.vmdk" ovf:size="{size}" ovf:chunkSize="500"/>'


def chunks() -> dict[str, bytes]:
    return {f"d.vmdk.{number:09d}": VMDK[start : start + 500] for number, start in enumerate(range(0, len(VMDK), 500))}


@pytest.mark.case("V8")
@pytest.mark.parametrize(
    "members",
    [
        {"./x.ovf": OVF, "./x.mf": b"", "./d.vmdk": VMDK},
        {"b/x.ovf": OVF, "b/d.vmdk": VMDK},
        {"/b/x.ovf": OVF, "/b/d.vmdk": VMDK},
        {"b/x.ovf": OVF, "d.vmdk": VMDK},
        {"._x.ovf": b"\0\5\26\7", "x.ovf": OVF, "._d.vmdk": b"\0", "d.vmdk": VMDK},
        {"__MACOSX/x.ovf": b"\0\5\26\7", "x.ovf": OVF, "d.vmdk": VMDK},
        {"d.vmdk": VMDK, "x.mf": b"", "x.ovf": OVF},
        {"X.OVF": OVF, "d.vmdk": VMDK},
        {"x.ovf": ovf(files='<File ovf:id="f1" ovf:href="a%20d.vmdk"/>').encode(), "a d.vmdk": VMDK},
        {"x.ovf": ovf(files='<File ovf:id="f1" ovf:href="./d.vmdk"/>').encode(), "d.vmdk": VMDK},
        {
            "x.ovf": ovf(files=GZIPPED).encode(),
            "d.vmdk": gzip.compress(VMDK),
        },
        {"x.ovf": OVF, "d.vmdk": gzip.compress(VMDK)},
        {"x.ovf": ovf(files=CHUNKED.format(size=len(VMDK))).encode(), **chunks()},
        {"x.ovf": ovf(files='<File ovf:id="f1" ovf:href="d.vmdk" ovf:chunkSize="500"/>').encode(), **chunks()},
        {"x.ovf": ovf(files=CHUNKED.format(size=len(VMDK))).encode(), "d.vmdk": VMDK},
    ],
    ids=lambda members: " ".join(members)[:60],
)
def test_the_disk_is_found_in_archives_of_all_tools(tmp_path: Path, members: dict[str, bytes]) -> None:
    assert inspect(source(tmp_path, tar(members)))[1] == VMDK


@pytest.mark.case("V8")
def test_an_image_compressed_as_a_whole_is_unpacked(tmp_path: Path) -> None:
    packed = gzip.compress(tar({"x.ovf": OVF, "d.vmdk": VMDK}))
    assert inspect(source(tmp_path, packed, name="x.ova.gz"))[1] == VMDK


@pytest.mark.case("V8")
@pytest.mark.parametrize(
    ("encoding", "declaration"),
    [
        ("utf-8", '<?xml version="1.0" encoding="UTF-8"?>'),
        ("utf-8", ""),
        ("utf-8-sig", '<?xml version="1.0" encoding="UTF-8"?>'),
        ("utf-16", '<?xml version="1.0" encoding="UTF-16"?>'),
        ("utf-16-le", '<?xml version="1.0" encoding="UTF-16"?>'),
        ("utf-16-be", '<?xml version="1.0"?>'),
        ("utf-8", '<?xml version="1.0" encoding="UTF-16"?>'),
        ("latin-1", '<?xml version="1.0" encoding="ISO-8859-1"?>'),
        ("cp1252", "<?xml version='1.0' encoding='windows-1252'?>"),
        ("latin-1", '<?xml version="1.0" encoding="UTF-8"?>'),
        ("latin-1", ""),
    ],
)
def test_a_descriptor_is_read_in_the_encoding_that_it_has(tmp_path: Path, encoding: str, declaration: str) -> None:
    text = ovf(declaration=declaration, annotation="für Köche").encode(encoding)
    found, _ = inspect(source(tmp_path, tar({"x.ovf": text, "d.vmdk": VMDK})))
    assert "für Köche" in found.descriptor.text
    assert not found.descriptor.text.startswith("<?xml"), "the host gets it as UTF-8, whatever it was"


@pytest.mark.case("V8")
@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({}, r"no OVF descriptor in it \(it holds nothing\)"),
        ({"disk.vmdk": VMDK, "m.vmx": b""}, r"no OVF descriptor in it \(it holds disk.vmdk, m.vmx\)"),
        (
            {"a.ovf": OVF, "b.ovf": OVF, "d.vmdk": VMDK},
            r"it has 2 OVF descriptors \(a.ovf, b.ovf\), wanted one machine",
        ),
        ({"x.ovf": OVF, "e.vmdk": VMDK}, r"names d.vmdk, which is not in it \(it holds e.vmdk, x.ovf\)"),
        ({"x.ovf": b"", "d.vmdk": VMDK}, r"its descriptor x.ovf is not XML \(no element found"),
        ({"x.ovf": b"<html/>"}, "its descriptor x.ovf is no OVF: found <html>, wanted <Envelope>"),
        ({"x.ovf": b"\xff\xfe\0"}, "its descriptor x.ovf cannot be read as utf-16"),
        ({"x.ovf": b'<!DOCTYPE a [<!ENTITY b "c">]><Envelope/>'}, "declares a document type, which no OVF has"),
        (
            {"x.ovf": ovf(namespace="http://schemas.dmtf.org/ovf/envelope/2").encode(), "d.vmdk": VMDK},
            "it is OVF 2, hosts",
        ),
        (
            {"x.ovf": ovf(files='<File ovf:id="f1" ovf:href="https://x.example/d.vmdk"/>').encode()},
            "names https://x.example/d.vmdk, which lies elsewhere",
        ),
        (
            {"x.ovf": ovf(files=CHUNKED.format(size=len(VMDK))).encode(), "d.vmdk.000000000": VMDK[:500]},
            r"cut into chunks of 500 bytes, \d+ bytes in all; found 1 chunks with 500 bytes",
        ),
        ({"x.ovf": ovf(files=CHUNKED.format(size=9)).encode()}, "found 0 chunks with 0 bytes"),
        ({"x.ovf": OVF, "d.vmdk": gzip.compress(VMDK)[:-20]}, "d.vmdk is compressed by gzip, and broken"),
        (
            {
                "x.ovf": ovf(
                    more="</VirtualHardwareSection></VirtualSystem><VirtualSystem><VirtualHardwareSection>"
                ).encode(),
                "d.vmdk": VMDK,
            },
            "it holds 2 machines, wanted one",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_form_that_cannot_be_imported_is_refused_by_name(
    tmp_path: Path, members: dict[str, bytes], told: str
) -> None:
    with pytest.raises(VsphereError, match=told) as caught:
        inspect(source(tmp_path, tar(members)))
    assert "\n" not in str(caught.value)


@pytest.mark.case("V8")
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04" + bytes(600), "it is a zip archive"),
        (bz2.compress(tar({"x.ovf": OVF})), "it is compressed by bzip2"),
        (b"QFI\xfb" + bytes(600), "it is a qcow2 disk"),
        (VMDK, "it is a VMDK"),
        (OVF, "it is XML"),
        (ovf(declaration="<?xml version='1.0'?>").encode("utf-16"), "it is XML"),
        (b"<!DOCTYPE HTML><html><body>Log in", "it is a web page"),
        (bytes(510) + b"\x55\xaa", "it is a raw disk"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is a pointer of Git LFS"),
        (gzip.compress(b"no archive"), "it is of no kind"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_ova_is_called_what_it_is(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(VsphereError, match=f"not an OVA, which is a tar archive: {told}"):
        inspect(source(tmp_path, content))


@pytest.mark.case("V8", "V9")
def test_an_archive_that_ends_too_early_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(VsphereError, match=r"it ends in the middle of d.vmdk \(\d+ bytes are there, \d+ wanted\)"):
        inspect(source(tmp_path, tar({"x.ovf": OVF, "d.vmdk": VMDK})[:3000]))


@pytest.mark.case("V8")
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    image = source(tmp_path, b"")
    Path(image.ova).unlink()
    Path(image.ova).mkdir()
    with pytest.raises(VsphereError, match=r"not a regular file; correct image\.ova"):
        inspect(image)


@pytest.mark.case("V3")
@pytest.mark.parametrize(
    ("second", "told"),
    [
        ('<Disk ovf:diskId="d2" ovf:fileRef="f2" ovf:capacity="2147483648"/>', "Hard disk d2: e.vmdk, 2 GiB"),
        (
            '<Disk ovf:diskId="d2" ovf:capacity="2048" ovf:capacityAllocationUnits="MegaBytes"/>',
            "Hard disk d2: empty, 2 GiB",
        ),
    ],
)
def test_an_image_with_two_disks_is_refused_and_both_are_named(tmp_path: Path, second: str, told: str) -> None:
    files = '<File ovf:id="f1" ovf:href="d.vmdk"/><File ovf:id="f2" ovf:href="e.vmdk"/>'
    text = ovf(files=files, disks=DISK + second, items=[disk_item("d1"), disk_item("d2")])
    members = {"x.ovf": text.encode(), "d.vmdk": VMDK, "e.vmdk": vmdk(sectors=2 * 1024**3 // 512)}
    with pytest.raises(VsphereError, match=rf"it has 2 disks \(Hard disk d1: d.vmdk, 1 GiB, {told}\), machines are"):
        inspect(source(tmp_path, tar(members)))


@pytest.mark.case("V3")
def test_an_image_whose_disk_is_empty_is_refused(tmp_path: Path) -> None:
    text = ovf(files="", disks='<Disk ovf:diskId="d1" ovf:capacity="1073741824"/>')
    with pytest.raises(VsphereError, match="its disk Hard disk d1 is empty: the descriptor names no file for it"):
        inspect(source(tmp_path, tar({"x.ovf": text.encode()})))


@pytest.mark.case("V3")
def test_an_image_without_a_disk_is_refused(tmp_path: Path) -> None:
    text = ovf(files="", disks="", items=[item(3, "1 CPU")])
    with pytest.raises(VsphereError, match=r"it has 0 disks \(none\), machines are made with one; export it with"):
        inspect(source(tmp_path, tar({"x.ovf": text.encode()})))


@pytest.mark.case("V3")
def test_a_disk_of_a_deployment_option_that_is_not_taken_is_none(tmp_path: Path) -> None:
    options = '<Section><Configuration ovf:id="small"/><Configuration ovf:id="big"/></Section>'
    big = disk_item("d2").replace("<Item>", '<Item ovf:configuration="big">')
    text = ovf(items=[disk_item("d1"), big]).replace("<NetworkSection>", f"{options}<NetworkSection>")
    assert inspect(source(tmp_path, tar({"x.ovf": text.encode(), "d.vmdk": VMDK})))[1] == VMDK


@pytest.mark.case("V8")
def test_whatever_an_ova_holds_the_answer_is_one_line(tmp_path: Path) -> None:
    whole, chance = (
        tar({"x.ovf": ovf(items=[disk_item("d1"), item(21, "s")]).encode(), "d.vmdk": VMDK}),
        random.Random(7),
    )
    for _ in range(300):
        odd = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(min(len(odd), 4500))
            odd[at : at + chance.choice((1, 1, 1, 300))] = chance.randbytes(chance.choice((0, 1, 1, 1, 40)))
        try:
            inspect(source(tmp_path, bytes(odd)))
        except VsphereError as error:
            assert "\n" not in str(error)  # noqa: PT017 - one that is taken all the same is none
