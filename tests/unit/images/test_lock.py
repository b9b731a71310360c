"""The lock file and the store: what is entered, what stays, what is refused."""

import hashlib
from pathlib import Path

import pytest
import yaml

from config.images.lock import LockFile, file_of, image_store
from config.images.spec import guest_systems
from config.model import parse
from config.reading.document import read_document
from images.catalog import SYSTEMS
from images.lock import enter, entry_of, with_entry
from images.store import Image, ImageStore, store_folder
from toolchain.errors import SetupError

IMAGE = Image("debian-13", "debian-13-0123456789ab.ova", "0" * 64, "Debian trixie", "2026-11-27")
OTHER = Image(
    "ubuntu-24.04", "ubuntu-24.04-ba9876543210.ova", "1" * 64, "https://host.test/: it's signed", "2026-11-28"
)


def quiet(text: str) -> None:
    del text


def test_an_entry_is_written_under_the_word_of_its_system(tmp_path: Path) -> None:
    lock = tmp_path / "folder" / "images.lock.yaml"
    enter(lock, IMAGE, quiet)
    assert yaml.safe_load(lock.read_text()) == {
        "images": {
            "debian-13": {
                "system": "debian-13",
                "file": IMAGE.file,
                "sha256": IMAGE.sha256,
                "source": IMAGE.source,
                "date": "2026-11-27",
            }
        }
    }
    assert lock.read_text().startswith("# Written by `make image`")


def test_other_entries_stay_and_the_same_one_is_replaced(tmp_path: Path) -> None:
    lock = tmp_path / "images.lock.yaml"
    for image in (OTHER, IMAGE, Image(IMAGE.system, "new.ova", "2" * 64, "x", "2026-12-01")):
        enter(lock, image, quiet)
    assert entry_of(lock, "ubuntu-24.04") == OTHER
    assert entry_of(lock, "debian-13").file == "new.ova"


def test_the_same_entry_again_changes_no_byte() -> None:
    once = with_entry("", IMAGE, "lock")
    assert with_entry(once, IMAGE, "lock") == once


@pytest.mark.parametrize("text", ["[]", "hello", "images: 1", "images: {}\nmore: 1", "a: [", "platform: {}"])
def test_a_file_that_is_no_lock_file_is_left_as_it_is(text: str, tmp_path: Path) -> None:
    lock = tmp_path / "site.yaml"
    lock.write_text(text)
    with pytest.raises(SetupError, match="LOCK="):
        enter(lock, IMAGE, quiet)
    assert lock.read_text() == text


@pytest.mark.parametrize("text", ["", "images: {}\n", "images: {debian-13: 5}\n", "images: {debian-13: {file: x}}\n"])
def test_a_missing_entry_says_how_to_make_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(text)
    with pytest.raises(SetupError, match=r"no image debian-13 in it; run `make image OS=debian-13`"):
        entry_of(tmp_path / "lock", "debian-13")


def test_the_store_is_named_by_the_environment() -> None:
    assert store_folder({"KUBELAB_IMAGES": "/i"}) == Path("/i")
    assert store_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/kubelab/images")
    assert store_folder({}) == Path.home() / ".cache/kubelab/images"


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path)


def taken(store: ImageStore) -> Image:
    (store.folder / "new.ova").write_bytes(b"ova")
    return store.take(
        store.folder / "new.ova", "debian-13", hashlib.sha256(b"ova").hexdigest(), "here", "2026-11-27", "ab12"
    )


def test_an_image_is_named_by_its_content_and_found_by_its_key(store: ImageStore) -> None:
    image = taken(store)
    assert image.file == f"debian-13-{image.sha256[:12]}.ova"
    assert store.made_before("ab12") == image
    assert store.made_before("ab13") is None


def test_an_image_that_changed_since_is_not_taken_for_it(store: ImageStore) -> None:
    image = taken(store)
    (store.folder / image.file).write_bytes(b"ovb")
    assert store.made_before("ab12") is None


def test_an_image_that_is_gone_is_made_again(store: ImageStore) -> None:
    (store.folder / taken(store).file).unlink()
    assert store.made_before("ab12") is None


def test_the_product_reads_what_is_written_and_looks_in_the_same_store(tmp_path: Path) -> None:
    lock = tmp_path / "images.lock.yaml"
    for image in (OTHER, IMAGE):
        enter(lock, image, quiet)
    data, unreadable = read_document(lock)
    content, faults = parse(LockFile, data, str(lock))
    assert content is not None
    assert (unreadable, faults) == ([], [])
    found = content.images["ubuntu-24.04"]
    assert (found.file, found.sha256, found.date) == (OTHER.file, OTHER.sha256, OTHER.date)
    environ = {"KUBELAB_IMAGES": str(tmp_path)}
    assert file_of(found, lock, image_store(environ)) == store_folder(environ) / OTHER.file


def test_there_is_an_image_of_every_guest_system() -> None:
    assert set(SYSTEMS) == set(guest_systems())
