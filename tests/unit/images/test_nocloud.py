"""The disc with cloud-init's data, read back by the format's own rules."""

import struct

import pytest

from images.nocloud import nocloud_disc

SECTOR = 2048


def files_on(disc: bytes) -> dict[str, bytes]:
    """The files of a disc, found from its volume descriptor as a kernel finds them."""
    volume = disc[16 * SECTOR : 17 * SECTOR]
    assert volume[:6] == b"\x01CD001"
    (start,) = struct.unpack_from("<I", volume, 156 + 2)
    directory, found, at = disc[start * SECTOR : (start + 1) * SECTOR], {}, 0
    while directory[at]:
        sector, _, length, _ = struct.unpack_from("<I4sI4s", directory, at + 2)
        name = directory[at + 33 : at + 33 + directory[at + 32]]
        if not directory[at + 25] & 2:
            found[name.decode().removesuffix(".;1").lower()] = disc[sector * SECTOR : sector * SECTOR + length]
        at += directory[at]
    return found


def test_files_are_read_back_as_they_were_given() -> None:
    given = {"meta-data": "instance-id: i\n", "user-data": "#cloud-config\n" * 500, "network-config": ""}
    assert files_on(nocloud_disc(given)) == {name: text.encode() for name, text in given.items()}


def test_the_volume_has_the_label_that_cloud_init_looks_for() -> None:
    volume = nocloud_disc({"meta-data": ""})[16 * SECTOR : 17 * SECTOR]
    assert volume[40:72].rstrip() == b"CIDATA"


def test_the_disc_is_as_long_as_it_says() -> None:
    disc = nocloud_disc({"user-data": "x" * 5000})
    (sectors,) = struct.unpack_from("<I", disc, 16 * SECTOR + 80)
    assert sectors * SECTOR == len(disc)


def test_numbers_are_the_same_in_both_orders_of_bytes() -> None:
    disc = nocloud_disc({"user-data": "x" * 5000})
    for offset in (80, 132, 156 + 2, 156 + 10):
        little, big = struct.unpack_from("<I", disc, 16 * SECTOR + offset), disc[16 * SECTOR + offset + 4 :][:4]
        assert little == struct.unpack(">I", big)


def test_the_same_files_give_the_same_bytes_in_any_order() -> None:
    assert nocloud_disc({"a": "1", "b": "2"}) == nocloud_disc({"b": "2", "a": "1"})


@pytest.mark.parametrize("name", ["User-Data", "user_data", "", "a/b", "x" * 31, "user-data\n"])
def test_a_name_that_would_be_read_as_another_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="wanted: lower-case letters"):
        nocloud_disc({name: ""})


def test_more_files_than_a_directory_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        nocloud_disc({f"file-{number}": "" for number in range(60)})


def test_a_label_that_the_format_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="label of a disc"):
        nocloud_disc({"meta-data": ""}, label="cidata é")
