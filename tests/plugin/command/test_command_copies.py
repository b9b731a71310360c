"""Files and texts that are copied to another machine."""

from pathlib import Path
from typing import Any

import pytest

from tests.plugin.command.driver import COPY, CommandFailedError, Plugin
from tests.plugin.command.ssh_server import SshServer
from tests.plugin.command.wire import file_archive, file_asset, is_secret, text_asset


@pytest.fixture
def here(tmp_path: Path) -> Path:
    here = tmp_path / "here"
    (here / "tree" / "deep").mkdir(parents=True)
    (here / "tree" / "a.txt").write_text("a")
    (here / "tree" / "deep" / "b.bin").write_bytes(bytes(range(256)) * 2000)
    (here / "note.txt").write_text("note")
    return here


@pytest.fixture
def there(tmp_path: Path) -> Path:
    there = tmp_path / "there"
    there.mkdir()
    return there


def copy(server: SshServer, source: dict[str, Any], to: Path) -> dict[str, Any]:
    return {"connection": server.connection(), "source": source, "remotePath": str(to)}


def test_a_file_is_copied_to_a_new_name(plugin: Plugin, server: SshServer, here: Path, there: Path) -> None:
    created = plugin.create(COPY, copy(server, file_asset(here / "note.txt", "1"), there / "new" / "name.txt"))
    assert (there / "new" / "name.txt").read_text() == "note"
    assert created.id
    assert is_secret(created.state["connection"])
    assert created.state["remotePath"] == str(there / "new" / "name.txt")


def test_a_file_overwrites_a_longer_one(plugin: Plugin, server: SshServer, here: Path, there: Path) -> None:
    (there / "note.txt").write_text("something much longer")
    plugin.create(COPY, copy(server, file_asset(here / "note.txt", "1"), there / "note.txt"))
    assert (there / "note.txt").read_text() == "note"


def test_a_file_is_copied_into_an_existing_directory(
    plugin: Plugin, server: SshServer, here: Path, there: Path
) -> None:
    plugin.create(COPY, copy(server, file_asset(here / "note.txt", "1"), there))
    assert (there / "note.txt").read_text() == "note"


def test_a_text_is_copied_and_its_directories_are_made(plugin: Plugin, server: SshServer, there: Path) -> None:
    plugin.create(COPY, copy(server, text_asset("täxt\n", "1"), there / "new" / "motd"))
    assert (there / "new" / "motd").read_text() == "täxt\n"


def test_a_text_for_a_directory_is_an_error(plugin: Plugin, server: SshServer, there: Path) -> None:
    with pytest.raises(CommandFailedError, match="is a directory"):
        plugin.create(COPY, copy(server, text_asset("text", "1"), there))


def test_a_directory_is_copied_under_its_name(plugin: Plugin, server: SshServer, here: Path, there: Path) -> None:
    plugin.create(COPY, copy(server, file_archive(here / "tree", "1"), there / "new"))
    copied = there / "new" / "tree"
    assert (copied / "a.txt").read_text() == "a"
    assert (copied / "deep" / "b.bin").read_bytes() == (here / "tree" / "deep" / "b.bin").read_bytes()


def test_a_directory_with_a_trailing_slash_is_copied_by_content(
    plugin: Plugin, server: SshServer, here: Path, there: Path
) -> None:
    plugin.create(COPY, copy(server, file_archive(f"{here / 'tree'}/", "1"), there))
    assert (there / "a.txt").read_text() == "a"
    assert (there / "deep" / "b.bin").exists()


def test_a_directory_is_copied_over_an_older_copy(plugin: Plugin, server: SshServer, here: Path, there: Path) -> None:
    (there / "tree").mkdir()
    (there / "tree" / "a.txt").write_text("older")
    (there / "tree" / "kept.txt").write_text("kept")
    plugin.create(COPY, copy(server, file_archive(here / "tree", "1"), there))
    assert (there / "tree" / "a.txt").read_text() == "a"
    assert (there / "tree" / "kept.txt").read_text() == "kept"


def test_a_directory_in_the_place_of_a_file_is_an_error(
    plugin: Plugin, server: SshServer, here: Path, there: Path
) -> None:
    (there / "file").write_text("kept")
    with pytest.raises(CommandFailedError):
        plugin.create(COPY, copy(server, file_archive(here / "tree", "1"), there / "file"))
    assert (there / "file").read_text() == "kept"


def test_a_source_that_is_missing_is_an_error(plugin: Plugin, server: SshServer, here: Path, there: Path) -> None:
    with pytest.raises(CommandFailedError, match=r"nothing\.txt: no such file or directory"):
        plugin.create(COPY, copy(server, file_asset(here / "nothing.txt", "1"), there / "x"))


def test_changed_content_is_copied_again(plugin: Plugin, server: SshServer, there: Path) -> None:
    old = plugin.create(COPY, copy(server, text_asset("one", "1"), there / "motd"))
    plugin.update(old, copy(server, text_asset("two", "2"), there / "motd"))
    assert (there / "motd").read_text() == "two"


def test_a_changed_path_is_copied_to(plugin: Plugin, server: SshServer, there: Path) -> None:
    old = plugin.create(COPY, copy(server, text_asset("one", "1"), there / "motd"))
    plugin.update(old, copy(server, text_asset("one", "1"), there / "issue"))
    assert (there / "issue").read_text() == "one"


def test_a_deletion_leaves_the_copy_and_connects_to_nothing(plugin: Plugin, server: SshServer, there: Path) -> None:
    created = plugin.create(COPY, copy(server, text_asset("one", "1"), there / "motd"))
    server.stop()
    plugin.delete(created)
    assert (there / "motd").read_text() == "one"
