"""The engine keeps no log of its own: it would pack and encrypt whole states while the program waits."""

from pathlib import Path

import pytest

from toolchain.layout import layout_of
from toolchain.setup import prepare_folders


def test_no_folder_for_the_engines_logs_can_be_made(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, {})
    prepare_folders(layout)
    with pytest.raises(FileExistsError):
        (layout.pulumi_home / "logs").mkdir(parents=True, exist_ok=True)


def test_logs_that_earlier_runs_left_are_removed_and_nothing_else(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, {})
    for folder in ("logs", "plugins"):
        (layout.pulumi_home / folder).mkdir(parents=True)
        (layout.pulumi_home / folder / "one.log").touch()
    prepare_folders(layout)
    prepare_folders(layout)
    assert (layout.pulumi_home / "logs").is_file()
    assert (layout.pulumi_home / "plugins/one.log").is_file()
