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
# Go wants a package's tests beside it, where Python's are in a folder of their own.
PER_FOLDER = Counter(
    str(PurePath(source).parent) for source in SOURCES if (ROOT / source).is_file() and not source.endswith("_test.go")
)


def test_no_module_is_too_long_to_be_read_at_a_sitting() -> None:
    files = [ROOT / source for source in SOURCES]
    lines = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in files if file.is_file()}
    assert len(lines) > 500
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def test_no_folder_holds_more_modules_than_a_reader_takes_in_at_once() -> None:
    crowded = {folder: count for folder, count in PER_FOLDER.items() if count > MOST}
    assert crowded == {}, "sort them into sub-folders that tell the flow"
