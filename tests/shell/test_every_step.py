"""What holds for every step, and for the command that runs it."""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.step import LOCK, SCRIPTS, declared_inputs, read_step, render_command, render_stdin
from tests.shell import steps
from tests.shell.guest.machine import Guest, Result
from tests.shell.keys import private_text, worker_key
from tests.shell.step import Step
from tests.shell.steps import STEPS

IDS = [" ".join((step.file, *step.arguments)) for step in STEPS]
EACH = pytest.mark.parametrize("step", STEPS, ids=IDS)
KEY_LINE = private_text(worker_key()).splitlines()[1]
LOCKS = Path("/proc/locks")
FILES = sorted(path.name for path in SCRIPTS.glob("[0-9]*.sh"))


def test_every_script_is_tested_here() -> None:
    assert sorted({step.file for step in STEPS}) == FILES
    assert FILES


@EACH
def test_the_steps_here_are_given_just_what_the_script_declares(step: Step) -> None:
    assert sorted(step.environment) == sorted(declared_inputs(read_step(step.file)))


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a step whose commands all read their stdin to its end, with more text after the script."""

    guest: Guest
    result: Result


@pytest.fixture(scope="module", params=STEPS, ids=IDS)
def greedy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    step: Step = request.param
    guest = Guest(tmp_path_factory.mktemp("every") / "guest")
    step.prepare(guest)
    guest.write("/local/greedy", "")
    return Run(guest, guest.run(step.file, step.environment, *step.arguments, then="echo 'the end' >&2\n"))


def test_a_child_that_reads_its_stdin_cannot_eat_the_script(greedy: Run) -> None:
    assert "the end" in greedy.result.stderr.splitlines()
    assert greedy.result.status == 0


def test_no_secret_stands_in_the_arguments_of_a_command(greedy: Run) -> None:
    assert greedy.result.status == 0
    assert not [call for call in greedy.guest.calls() if KEY_LINE in call]


def test_no_command_asks_for_a_cluster_without_saying_which(greedy: Run) -> None:
    """Pitfall: kubectl without a kubeconfig asks localhost:8080, and "the connection was refused"."""
    assert "localhost:8080" not in greedy.result.stderr
    assert greedy.result.status == 0


def test_no_temporary_file_is_left(greedy: Run) -> None:
    assert list((greedy.guest.root / "tmp").iterdir()) == []


@EACH
def test_a_missing_input_is_named_and_nothing_is_done(guest: Guest, step: Step) -> None:
    step.prepare(guest)
    before = guest.files()
    missing = min(step.environment)
    given = {name: text for name, text in step.environment.items() if name != missing}
    result = guest.run(step.file, given, *step.arguments)
    assert result.status != 0
    assert missing in result.stderr
    assert guest.calls() == []
    assert guest.files() == before


def test_the_log_of_steps_says_how_each_ended(guest: Guest) -> None:
    steps.ADMIT.prepare(guest)
    guest.run(steps.ADMIT.file, steps.ADMIT.environment, "admit")
    guest.run(steps.ADMIT.file, steps.ADMIT.environment, "unknown")
    log = [line.split(maxsplit=1)[1] for line in guest.read("/var/log/kubelab-steps.log").splitlines()]
    said = [line for line in log if line.startswith(steps.ADMIT.file)]
    assert [line.split()[-1] for line in said if "ended" in line] == ["0", "1"]
    assert KEY_LINE not in "".join(log)


def wait_until_somebody_waits_for(lock: Path) -> None:
    """Return once a process stands in the queue for a lock."""
    deadline = time.monotonic() + 30
    while not any(f":{lock.stat().st_ino} " in line for line in LOCKS.read_text().splitlines() if "->" in line):
        assert time.monotonic() < deadline, LOCKS.read_text()
        time.sleep(0.02)


class TestCommand:
    """The command line of a step, run by the shell of the login user, with sudo and the step's text on stdin."""

    def test_it_runs_the_step_with_its_argument(self, guest: Guest) -> None:
        steps.REMOVE.prepare(guest)
        command = render_command(steps.REMOVE.file, 60, "remove")
        result = guest.shell(["bash", "-c", command], render_stdin(steps.REMOVE.file, steps.REMOVE.environment))
        assert result.status == 0, result.stderr
        assert guest.calls("kubectl delete node w1")

    def test_it_passes_the_result_and_the_status_on(self, guest: Guest) -> None:
        command = render_command(steps.PREFLIGHT.file, 60)
        result = guest.shell(["bash", "-c", command], "echo result; exit 7")
        assert (result.status, result.stdout) == (7, "result\n")

    def test_a_step_that_runs_too_long_is_stopped_with_a_status_of_its_own(self, guest: Guest) -> None:
        command = render_command(steps.PREFLIGHT.file, 1)
        result = guest.shell(["bash", "-c", command], "command sleep 5; echo survived")
        assert (result.status, result.stdout) == (124, "")

    def test_two_runs_of_steps_on_one_machine_do_not_overlap(self, guest: Guest) -> None:
        command = ["bash", "-c", render_command(steps.PREFLIGHT.file, 60)]
        waiting = "until [[ -e /run/go-on ]]; do command sleep 0.05; done"
        with guest.start(command, f"echo begun\n{waiting}\necho first >>/run/order\n") as first:
            assert first.stdout is not None
            assert first.stdout.readline() == "begun\n"
            with guest.start(command, "echo second >>/run/order\n") as second:
                try:
                    wait_until_somebody_waits_for(guest.path(LOCK))
                finally:
                    guest.write("/run/go-on", "")
                assert (first.wait(timeout=30), second.wait(timeout=30)) == (0, 0)
        assert guest.read("/run/order").split() == ["first", "second"]
