"""How long a module may be, and how many of them a folder may hold before sub-folders are to tell their flow."""

import subprocess
from collections import Counter
from pathlib import Path, PurePath

ROOT = Path(__file__).parents[2]
SOURCES = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.sh", "*.go"],
    cwd=ROOT,
    check=True,
    capture_output=True,
    text=True,
).stdout.split()
LONGEST = 250  # lines
MOST = 22
# Folder -> how many it may hold until it is sorted. This list is only to become shorter, and its numbers smaller.
CROWDED = {
    # A folder is a package in Go: its parts know each other's unexported names.
    "rig/esxi": 29,
}
PER_FOLDER = Counter(str(PurePath(source).parent) for source in SOURCES if (ROOT / source).is_file())


def test_no_module_is_too_long_to_be_read_at_a_sitting() -> None:
    files = [ROOT / source for source in SOURCES]
    lines = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in files if file.is_file()}
    assert len(lines) > 500
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def test_no_folder_holds_more_modules_than_a_reader_takes_in_at_once() -> None:
    assert {folder: count for folder, count in PER_FOLDER.items() if count > CROWDED.get(folder, MOST)} == {}, (
        "sort them into sub-folders that tell the flow"
    )


def test_a_folder_that_was_sorted_is_an_exception_no_more() -> None:
    assert [folder for folder in CROWDED if PER_FOLDER[folder] <= MOST] == []
