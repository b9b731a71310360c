"""Files that a stack declares: how large they may be, and what of them a message shows."""

import pytest

from config import ConfigError
from config.declared.files import LARGEST_FILE, LARGEST_FILES
from config.problems import shown
from tests.unit.config.lab_folder import LabFolder


def declare(lab: LabFolder, files: str) -> None:
    """Declare files of every node."""
    text = lab.stack.read_text()
    lab.stack.write_text(text.replace("  kubelab:nodes:", f"    files: {files}\n  kubelab:nodes:"))


def faults(lab: LabFolder) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        lab.load()
    return str(raised.value).splitlines()[1:]


def test_a_file_is_no_larger_than_what_a_state_should_keep(minimal: LabFolder) -> None:
    (minimal.stack.parent / "large").write_text("a" * (LARGEST_FILE + 1))
    declare(minimal, "{/etc/large: {source: large}}")
    (line,) = faults(minimal)
    assert f"found 'large', wanted: a text without NUL, of {LARGEST_FILE} bytes or less" in line


def test_the_files_of_a_node_are_no_larger_together(minimal: LabFolder) -> None:
    (minimal.stack.parent / "large").write_text("a" * LARGEST_FILE)
    names = range(LARGEST_FILES // LARGEST_FILE + 1)
    declare(minimal, "{" + ", ".join(f"/etc/large-{name}: {{source: large}}" for name in names) + "}")
    (line,) = faults(minimal)
    assert f"bytes together, allowed: {LARGEST_FILES}" in line


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b"])
def test_a_source_that_is_no_text_is_one_line(minimal: LabFolder, content: bytes) -> None:
    (minimal.stack.parent / "binary").write_bytes(content)
    declare(minimal, "{/etc/binary: {source: binary}}")
    (line,) = faults(minimal)
    assert "kubelab:cluster/files//etc/binary/source: found 'binary'" in line


def test_no_message_shows_what_a_file_holds() -> None:
    for path in ("kubelab:nodes/w1/files//etc/a/content", "kubelab:cluster/apiServer/files/a.yaml"):
        assert shown("hunter2", path) == "a value that is not shown"
    assert shown("/etc/a", "kubelab:cluster/files//etc/a") == "'/etc/a'"
    assert shown("0666", "kubelab:cluster/files//etc/a/mode") == "'0666'"
    assert shown("https://mirror.test", "mirrors/files") == "'https://mirror.test'"
