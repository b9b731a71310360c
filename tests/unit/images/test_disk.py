"""The disk's partitions, and GRUB's files made fit for it."""

import itertools
import struct
import uuid

import pytest

from images.debian.recipe import RECIPES
from images.disk.bios_boot import SECTOR, boot_sector, embedded_core
from images.disk.file_systems import ext4_arguments, fat_arguments, times_script
from images.disk.partitions import Table, sfdisk_script, table_of

CORE_START = 2048


def table() -> Table:
    return table_of(3072, *(uuid.UUID(int=number) for number in range(1, 5)))


def boot_image() -> bytes:
    return bytes(range(256)) + bytes(SECTOR - 258) + b"\x55\xaa"


def core_image(sectors: int, segment: int = 0x820) -> bytes:
    first = bytearray(b"\x52" * SECTOR)
    struct.pack_into("<QHH", first, 0x1F4, 1, sectors - 1, segment)
    return bytes(first) + b"c" * ((sectors - 1) * SECTOR - 100)


def test_partitions_neither_overlap_nor_leave_the_disk() -> None:
    made = table()
    ends = [(each.start, each.start + each.size) for each in (made.bios_boot, made.esp, made.root)]
    assert ends == sorted(ends)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(ends))
    assert ends[-1][1] * SECTOR < made.disk_mib << 20


def test_the_root_is_the_last_partition_so_that_it_can_grow() -> None:
    made = table()
    assert made.root.number == 1
    assert made.root.start > made.esp.start > made.bios_boot.start


def test_every_identity_of_the_table_is_given_and_none_is_made_up() -> None:
    script = sfdisk_script(table())
    assert "label: gpt\nlabel-id: 00000000-0000-0000-0000-000000000001\n" in script
    assert script.count("uuid=") == 3


def test_identities_differ_between_systems_and_stay_with_one() -> None:
    first, second = RECIPES
    assert first.identity("root") == first.identity("root")
    assert len({each.identity(of) for each in (first, second) for of in ("root", "disk", "esp")}) == 6


def test_the_boot_sector_names_the_core_and_keeps_the_table() -> None:
    there = bytes([7]) * SECTOR
    sector = boot_sector(boot_image(), there, CORE_START)
    assert struct.unpack_from("<Q", sector, 0x5C) == (CORE_START,)
    assert sector[0x1B8:0x1FE] == there[0x1B8:0x1FE]
    assert sector[0x66:0x68] == b"\x90\x90"
    assert sector[:3] == boot_image()[:3]
    assert sector[-2:] == b"\x55\xaa"


def test_what_is_no_boot_sector_is_refused() -> None:
    with pytest.raises(ValueError, match=r"boot\.img: 512 bytes, wanted"):
        boot_sector(bytes(SECTOR), bytes(SECTOR), CORE_START)


def test_the_core_finds_its_own_rest_where_it_lies() -> None:
    core = embedded_core(core_image(58), CORE_START, 6144)
    assert len(core) == 58 * SECTOR
    assert struct.unpack_from("<QHH", core, 0x1F4) == (CORE_START + 1, 57, 0x820)


def test_a_core_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="58 sectors, of which 57 fit"):
        embedded_core(core_image(58), CORE_START, 57)


def test_a_core_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="not of the format i386-pc"):
        embedded_core(core_image(58, segment=0x900), CORE_START, 6144)


def test_the_root_is_made_in_its_place_with_a_given_identity(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, identity = tmp_path_factory.mktemp("disk"), uuid.UUID(int=9)
    argv = ext4_arguments(folder / "disk", table().root, folder / "root", identity)
    options = argv[argv.index("-E") + 1].split(",")
    assert f"offset={128 << 20}" in options
    assert f"hash_seed={identity}" in options
    assert argv[argv.index("-U") + 1] == str(identity)
    assert int(argv[-1]) * 4096 <= table().root.length


def test_features_that_the_oldest_boot_loader_lacks_are_left_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("disk")
    argv = ext4_arguments(folder / "disk", table().root, folder / "root", uuid.UUID(int=9))
    features = argv[argv.index("-O") + 1].split(",")
    assert features[0] == "none"
    assert not {"metadata_csum_seed", "orphan_file"} & set(features)


def test_times_are_set_of_the_root_and_of_all_that_files_have() -> None:
    lines = times_script(12, 1000).splitlines()
    assert {line.split()[1] for line in lines} == {"<2>", "<11>", "<12>"}
    assert all(line.endswith(" @1000") for line in lines)


def test_the_efi_partition_has_the_same_serial_number_each_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    argv = fat_arguments(tmp_path_factory.mktemp("esp") / "esp.img", 1024, uuid.UUID(int=0xABCDEF0123456789))
    assert argv[argv.index("-i") + 1] == "23456789"
    assert "--invariant" in argv
