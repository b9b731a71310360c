"""What runs the steps in the root of an image with a stack inside, tried with the real shell."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from images.baked.bake import FILES, prepare
from images.baked.wish import Step, Wish
from images.debian.rootfs import Archive

WISH = Wish("lab", "debian-13-image", "1.36.3", {"containerd": "2.3.4"}, ())
ARCHIVE = Archive((), ('Acquire::Retries "1";',))
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs steps, each by its text, with folders of the test's own."""
    text = (FILES / "run-steps.sh").read_text()
    for place in ("/run/kubelab-image", "/run/kubelab-daemons"):
        assert place in text
        text = text.replace(place, str(tmp_path / Path(place).name))
    work = tmp_path / "kubelab-image"

    def run(*steps: str, seconds: int = 60) -> subprocess.CompletedProcess[str]:
        wish = replace(WISH, steps=tuple(Step(f"{each}.sh", seconds, step) for each, step in enumerate(steps)))
        prepare(work, wish, ARCHIVE)
        (tmp_path / "kubelab-daemons").mkdir()
        (tmp_path / "kubelab-daemons/containerd.log").write_text("no space left\n")
        (work / "bin/systemctl").write_text(f"#!/bin/sh\necho $1 >{tmp_path}/asked\n")
        (work / "bin/systemctl").chmod(0o755)
        command = ["bash", "-c", text]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_all_of_them_run_in_order_and_then_the_services_stop(run: Run, tmp_path: Path) -> None:
    done = run("echo one >&2", "echo $APT_CONFIG >&2")
    assert (done.returncode, done.stdout) == (0, "")
    config = str(tmp_path / "kubelab-image/apt.conf")
    assert done.stderr.splitlines() == ["== 00-0.sh", "one", "== 01-1.sh", config]
    assert (tmp_path / "asked").read_text() == "stop-all\n"


def test_the_first_that_fails_is_the_last_and_its_error_stands_last(run: Run, tmp_path: Path) -> None:
    done = run("echo 'error: pulling a:1' >&2; exit 1", "echo two >&2")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2:] == ["no space left", "error: pulling a:1"]
    assert "two" not in done.stderr
    assert (tmp_path / "asked").read_text() == "stop-all\n"


def test_one_that_does_not_end_is_ended(run: Run) -> None:
    done = run("exec sleep 600", seconds=1)
    assert done.returncode == 124
    assert done.stderr.splitlines()[-1] == "error: 00-0.sh was not done in time"
