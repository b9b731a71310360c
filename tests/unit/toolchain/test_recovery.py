"""`make recover`: a lock is given back when the run that took it has ended, and never beside one that is alive."""

import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from toolchain.errors import SetupError
from toolchain.recovery import give_back, locks_of, state_folder

HERE = socket.gethostname()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / ".state"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Starts a process under this name."""
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str) -> subprocess.Popen[bytes]:
        (tmp_path / name).symlink_to(str(shutil.which("sleep")))
        started.append(subprocess.Popen([tmp_path / name, "600"]))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.wait()


def lock(state: Path, pid: int, machine: str = HERE, stack: str = "lab") -> Path:
    file = state / ".pulumi/locks/organization/kubelab" / stack / f"{pid}-{machine}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    said = {"pid": pid, "username": "ann", "hostname": machine, "timestamp": "2026-11-27T18:00:00Z"}
    file.write_text(json.dumps(said))
    return file


def ended() -> int:
    """The pid of a process that has ended."""
    process = subprocess.Popen(["sleep", "0"])
    process.wait()
    return process.pid


@pytest.mark.case("T4")
def test_beside_a_living_run_recovery_is_refused_and_says_which(
    state: Path, process: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    run = process("pulumi")
    files = [lock(state, run.pid), lock(state, ended())]
    with pytest.raises(
        SetupError, match=rf"process {run.pid} of ann@{HERE}, since .*alive \(.*pulumi 600\).*kill {run.pid}"
    ):
        give_back(locks_of(state, "kubelab", "lab"), HERE)
    assert all(file.exists() for file in files)


@pytest.mark.case("T4")
def test_a_lock_of_a_run_that_ended_is_given_back_and_no_other_stacks(state: Path) -> None:
    file, other = lock(state, ended()), lock(state, ended(), stack="other")
    assert [each.file for each in give_back(locks_of(state, "kubelab", "organization/kubelab/lab"), HERE)] == [file]
    assert not file.exists()
    assert other.exists()


@pytest.mark.case("T4")
def test_a_pid_that_another_program_has_since_holds_no_lock(
    state: Path, process: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    file = lock(state, process("editor").pid)
    give_back(locks_of(state, "kubelab", "lab"), HERE)
    assert not file.exists()


@pytest.mark.case("T4")
def test_a_killed_run_that_nobody_waited_for_has_ended(
    state: Path, process: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    run = process("pulumi")
    file = lock(state, run.pid)
    run.kill()
    while Path(f"/proc/{run.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        pass
    give_back(locks_of(state, "kubelab", "lab"), HERE)
    assert not file.exists()


@pytest.mark.case("T4")
def test_a_lock_of_another_machine_needs_that_machines_name(state: Path) -> None:
    file = lock(state, ended(), "other.lab")
    for word in ("", "third.lab"):
        with pytest.raises(
            SetupError, match=rf"of ann@other\.lab.* another machine than this, {HERE}.*LOCK_OF=other\.lab"
        ):
            give_back(locks_of(state, "kubelab", "lab"), HERE, word)
    give_back(locks_of(state, "kubelab", "lab"), HERE, "other.lab")
    assert not file.exists()


@pytest.mark.case("T4")
def test_naming_another_machine_takes_no_lock_of_a_living_run_here(
    state: Path, process: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    file = lock(state, process("pulumi").pid)
    with pytest.raises(SetupError, match="is alive"):
        give_back(locks_of(state, "kubelab", "lab"), HERE, HERE)
    assert file.exists()


@pytest.mark.case("T4")
@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": "x"}'])
def test_half_a_lock_is_named_and_stays(state: Path, text: str) -> None:
    file = lock(state, 1)
    file.write_text(text)
    with pytest.raises(SetupError, match=rf"{file} is no lock of the engine.*remove it"):
        locks_of(state, "kubelab", "lab")
    assert file.exists()


def test_a_stack_without_lock_is_fine(state: Path) -> None:
    assert give_back(locks_of(state, "kubelab", "lab"), HERE) == []


@pytest.mark.case("T4")
@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, "/p/.state"),
        ({"PULUMI_BACKEND_URL": "file:///var/lib/states"}, "/var/lib/states"),
        ({"PULUMI_BACKEND_URL": "file://~"}, str(Path.home())),
        ({"PULUMI_BACKEND_URL": "s3://bucket"}, None),
    ],
)
def test_the_state_is_sought_where_the_engine_keeps_it(
    tmp_path: Path, environ: dict[str, str], folder: str | None
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: kubelab\nbackend: {url: 'file://./.state?metadata=skip'}\n")
    expected = None if folder is None else Path(folder.replace("/p/", f"{tmp_path}/"))
    assert state_folder(tmp_path, environ) == expected


@pytest.mark.case("T4")
def test_recovery_never_takes_locks_by_the_engines_own_command() -> None:
    root = Path(__file__).parents[3]
    assert "pulumi cancel" not in (root / "make/recover.sh").read_text()
    assert (root / "make/recover.sh").read_text().index("toolchain.recovery") > 0
