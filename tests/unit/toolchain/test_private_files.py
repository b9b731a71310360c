"""States, backups and secrets can be read by their owner alone."""

import os
import subprocess
from pathlib import Path

import pytest

from toolchain import private_files
from toolchain.layout import layout_of
from toolchain.setup import prepare_folders


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def usual_umask() -> None:
    os.umask(0o022)


@pytest.mark.case("T14")
@pytest.mark.usefixtures("usual_umask")
def test_what_the_engine_writes_is_for_its_owner_alone(tmp_path: Path) -> None:
    engine = tmp_path / "an engine"
    engine.write_text('#!/bin/sh\nmkdir -p "$1/.pulumi/stacks" && echo "{}" >"$1/.pulumi/stacks/lab.json" && echo $$\n')
    engine.chmod(0o755)
    launcher = tmp_path / "pulumi"
    launcher.symlink_to(engine)  # as earlier set-ups left it
    private_files.write_launcher(launcher, engine)
    done = subprocess.Popen([launcher, tmp_path / "state"], stdout=subprocess.PIPE)
    said, _ = done.communicate()
    assert mode(tmp_path / "state/.pulumi/stacks/lab.json") == 0o600
    assert mode(tmp_path / "state/.pulumi") == 0o700
    assert int(said) == done.pid  # signals for the engine reach it
    assert engine.read_text().startswith("#!/bin/sh\nmkdir")


@pytest.mark.case("T14")
@pytest.mark.usefixtures("usual_umask")
def test_states_and_backups_of_earlier_days_are_closed_too(tmp_path: Path) -> None:
    backup = tmp_path / ".state/.pulumi/backups/kubelab/lab/lab.1.json.zst"
    backup.parent.mkdir(parents=True)
    backup.write_text("{}")
    outside = tmp_path / "outside"
    outside.write_text("")
    (tmp_path / ".state/link").symlink_to(outside)
    private_files.close(tmp_path / ".state")
    assert mode(backup) == 0o600
    assert {mode(folder) for folder in (backup.parent, tmp_path / ".state")} == {0o700}
    assert mode(outside) == 0o644
    assert backup.read_text() == "{}"


@pytest.mark.case("T14")
@pytest.mark.usefixtures("usual_umask")
def test_set_up_closes_what_earlier_days_left_open(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, {"KUBELAB_CACHE": str(tmp_path / "cache")})
    state = tmp_path / ".state/.pulumi/stacks/kubelab/lab.json"
    for file in (layout.passphrase_file, state):
        file.parent.mkdir(parents=True)
        file.write_text("secret\n")
    prepare_folders(layout)
    assert {mode(file) for file in (layout.passphrase_file, state)} == {0o600}
    assert {mode(folder) for folder in (layout.state, tmp_path / ".state")} == {0o700}
    assert layout.passphrase_file.read_text() == "secret\n"
