"""Services: pid files that never name a stranger, restarts when inputs change, errors that show the log."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from rig.services.identity import Identity, alive, read_identity, start_ticks
from rig.services.process import ProcessTable, Service, fingerprint
from toolchain.errors import SetupError

READY_LIMIT = 20.0


@pytest.fixture
def table(tmp_path: Path) -> Iterator[ProcessTable]:
    table = ProcessTable(tmp_path / "process", tmp_path / "log")
    yield table
    for name in table.names():
        table.stop(name, 5)


def sleeper(mark: Path, inputs: str = "1") -> Service:
    argv = [sys.executable, "-c", f"import time, pathlib; pathlib.Path({str(mark)!r}).touch(); time.sleep(600)"]
    return Service("sleeper", argv, dict(os.environ), fingerprint(inputs), grace=5)


def identity_of(table: ProcessTable) -> Identity:
    found = table.running("sleeper")
    assert found is not None
    return found


def start(table: ProcessTable, service: Service, mark: Path) -> bool:
    return table.ensure(service, lambda: None if mark.exists() else "no mark yet", READY_LIMIT)


def test_a_running_service_is_left_alone(table: ProcessTable, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    assert start(table, sleeper(mark), mark)
    before = identity_of(table)
    assert not start(table, sleeper(mark), mark)
    assert identity_of(table) == before


def test_a_service_whose_inputs_changed_is_started_again(table: ProcessTable, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    start(table, sleeper(mark), mark)
    before = identity_of(table)
    assert start(table, sleeper(mark, inputs="2"), mark)
    assert not alive(before)
    assert identity_of(table).pid != before.pid


def test_a_killed_service_is_started_again(table: ProcessTable, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    start(table, sleeper(mark), mark)
    os.kill(identity_of(table).pid, signal.SIGKILL)
    os.waitpid(identity_of_file(tmp_path).pid, 0)
    assert table.running("sleeper") is None
    assert start(table, sleeper(mark), mark)


def identity_of_file(tmp_path: Path) -> Identity:
    found = read_identity(tmp_path / "process" / "sleeper.json")
    assert found is not None
    return found


def test_stopping_ends_the_process_and_its_pid_file_and_may_be_done_twice(table: ProcessTable, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    start(table, sleeper(mark), mark)
    before = identity_of(table)
    assert table.stop("sleeper", 5)
    assert not alive(before)
    assert not table.stop("sleeper", 5)
    assert table.names() == []


def test_a_service_that_ignores_sigterm_is_killed_with_its_children(table: ProcessTable, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    script = f"trap '' TERM; sleep 600 & echo $! >{mark}.new; mv {mark}.new {mark}; wait; wait"
    service = replace(sleeper(mark), argv=["/bin/sh", "-c", script])
    start(table, service, mark)
    child = int(mark.read_text())
    ticks = start_ticks(child)
    table.stop("sleeper", 0.3)
    assert table.running("sleeper") is None
    assert ticks is not None
    deadline = time.monotonic() + READY_LIMIT
    while start_ticks(child) == ticks and time.monotonic() < deadline:
        time.sleep(0.02)  # killed with its parent, it may end a moment after it
    assert start_ticks(child) != ticks


def test_a_recycled_pid_is_not_ours(tmp_path: Path) -> None:
    table = ProcessTable(tmp_path, tmp_path)
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        real = Identity(stranger.pid, start_ticks(stranger.pid) or 0, boot(), "x")
        assert alive(real)
        for other in (replace(real, start_ticks=real.start_ticks - 1), replace(real, boot="another boot")):
            (tmp_path / "sleeper.json").write_text(json.dumps(asdict(other)))
            assert table.running("sleeper") is None
            assert not table.stop("sleeper", 1)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', "17"])
def test_a_broken_pid_file_names_no_process(tmp_path: Path, content: str) -> None:
    file = tmp_path / "sleeper.json"
    file.write_text(content)
    assert read_identity(file) is None


def test_a_service_that_dies_at_once_is_an_error_with_the_end_of_its_log(table: ProcessTable, tmp_path: Path) -> None:
    service = replace(sleeper(tmp_path / "mark"), argv=["/bin/sh", "-c", "echo address already in use >&2; exit 1"])
    with pytest.raises(SetupError, match="it ended at once") as caught:
        table.ensure(service, lambda: "no connection", READY_LIMIT)
    assert caught.value.evidence == ("address already in use",)
    assert table.names() == []


def test_a_service_that_does_not_get_ready_is_an_error_with_the_last_evidence(
    table: ProcessTable, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match=r"not ready after 0 s \(connection refused\)"):
        table.ensure(sleeper(tmp_path / "mark"), lambda: "connection refused", 0.2)


def test_a_missing_program_is_one_line_that_names_it(table: ProcessTable, tmp_path: Path) -> None:
    service = replace(sleeper(tmp_path / "mark"), argv=["/nowhere/dockerd"])
    with pytest.raises(SetupError, match="starting sleeper: /nowhere/dockerd: No such file"):
        table.ensure(service, lambda: None, READY_LIMIT)
