"""A step's result, which may be a secret, is seen by nobody when the step fails; how a step is ended from outside."""

import pytest

from components.step import LOCK, render_command, render_stdin
from tests.shell import steps
from tests.shell.guest.machine import KILLED, Guest
from tests.shell.step import Step

SECRET = "client-key-data: c2VjcmV0"
GIVE = f"main() {{\n  echo '{SECRET}'\n  %s\n}}\nmain </dev/null\n"
FAILURES = {
    "a command after it": "false",
    "an error after it": 'fail "doing this: found a, wanted b"',
    "its clean-up": "at_exit() { return 1; }",
    "a signal": "kill -TERM $$",
    "being killed": "kill -KILL $$",
    "its time limit": "TIME_LIMIT=1; SECONDS=1",
    "a command of a pipeline": "false | cat",
    "the end of its listener": "exec 3>&-",
}


@pytest.mark.case("T5")
@pytest.mark.parametrize("end", FAILURES.values(), ids=FAILURES)
def test_a_result_is_not_shown_by_a_step_that_fails_after_it(guest: Guest, end: str) -> None:
    result = guest.run_text(GIVE % end)
    assert result.status != 0
    assert SECRET not in result.stdout + result.stderr
    assert not [path for path, file in guest.files().items() if SECRET in file.text]


@pytest.mark.case("T5")
def test_a_log_of_steps_that_cannot_be_written_is_a_warning_and_the_result_is_given(guest: Guest) -> None:
    guest.path("/var/log/kubelab-steps.log").mkdir()
    result = guest.run_text(GIVE % ":")
    assert (result.status, result.stdout) == (0, f"{SECRET}\n")
    assert "warning: test.sh on w1: /var/log/kubelab-steps.log cannot be written" in result.stderr


@pytest.mark.case("T5")
def test_a_result_comes_when_all_else_is_done(guest: Guest) -> None:
    text = "at_exit() { echo end-of-the-clean-up; }\necho result\ntail -n 1 /var/log/kubelab-steps.log >&2\n"
    result = guest.run_text(text)
    assert (result.status, result.stdout) == (0, "result\nend-of-the-clean-up\n")
    assert result.stderr.endswith(" test.sh began\n")


SECRET_STEPS = [pytest.param(steps.INIT, id="init"), pytest.param(steps.ADMIT, id="admit")]


@pytest.mark.case("T5")
@pytest.mark.parametrize("step", SECRET_STEPS)
def test_a_secret_result_is_not_shown_by_a_step_whose_clean_up_fails(guest: Guest, step: Step) -> None:
    step.prepare(guest)
    good = guest.run(step.file, step.environment, *step.arguments)
    assert good.status == 0
    lines = [line for line in good.stdout.splitlines() if len(line) > 1]
    assert lines
    failed = guest.shell(
        ["bash", "-s", "--", *step.arguments],
        render_stdin(step.file, step.environment) + "at_exit() { return 1; }\n",
    )
    assert failed.status == 1
    assert not [line for line in lines if line in failed.stdout + failed.stderr]


def run_command(guest: Guest, text: str, seconds: int = 60) -> tuple[int, str]:
    """Status and stderr of a text that is run as a step's command runs it, with the prelude before it."""
    result = guest.shell(["bash", "-c", render_command(steps.ADMIT.file, seconds)], before_the_step() + text)
    return result.status, result.stderr


def before_the_step() -> str:
    """What a step's shell reads before the step's own text: the environment and the prelude."""
    stdin = render_stdin(steps.ADMIT.file, steps.ADMIT.environment)
    return stdin[: stdin.index(': "${WORKER:?')]


@pytest.mark.case("C22")
def test_a_step_that_reaches_its_time_limit_says_so_with_what_was_last_seen(guest: Guest) -> None:
    guest.answer("kubeadm", "echo '[kubelet-check] Waiting for a healthy kubelet'; command sleep 30")
    text = "main() { logged 'joining w1' kubeadm join; }\nmain </dev/null\n"
    status, stderr = run_command(guest, text, 1)
    (error,) = [line for line in stderr.splitlines() if line.startswith("error: ")]
    assert status == 124
    assert "50-manage-membership.sh on w1: ended by its time limit of 1 s while it was at: joining w1" in error
    assert "[kubelet-check] Waiting for a healthy kubelet" in error
    assert "143" not in stderr


@pytest.mark.case("C22")
def test_a_wait_that_the_time_limit_ends_shows_what_was_last_seen(guest: Guest) -> None:
    look = "look() { echo 'node w1 is not there'; return 1; }\nsleep() { command sleep 0.1; }\n"
    status, stderr = run_command(guest, f"{look}main() {{ wait_until 600 'node w1' look; }}\nmain </dev/null\n", 1)
    (error,) = [line for line in stderr.splitlines() if line.startswith("error: ")]
    assert status == 124
    assert "waiting for node w1; last seen: node w1 is not there" in error


@pytest.mark.case("C22")
def test_a_signal_that_is_not_the_time_limits_is_named_as_one(guest: Guest) -> None:
    _, stderr = run_command(guest, "main() { kill -TERM $$; }\nmain </dev/null\n")
    assert "ended by a signal after" in stderr
    assert "time limit" not in stderr


@pytest.mark.case("C22")
def test_a_step_that_does_not_heed_its_time_limit_is_killed_and_that_is_said(guest: Guest) -> None:
    command = render_command(steps.ADMIT.file, 1).replace("--kill-after=10", "--kill-after=1")
    result = guest.shell(["bash", "-c", command], "trap '' TERM\ncommand sleep 30\ncommand sleep 30\n")
    assert result.status == 137
    assert "sending signal KILL" in result.stderr


@pytest.mark.case("C22")
def test_a_wait_for_the_lock_that_ends_says_which_step_holds_it_and_since_when(guest: Guest) -> None:
    wait = "until [[ -e /run/%s ]]; do command sleep 0.05; done"
    guest.write(
        "/local/holder", f"{before_the_step()}main() {{ touch /run/begun; {wait % 'go-on'}; }}\nmain </dev/null\n"
    )
    guest.write("/local/waiter", "echo survived\n")
    command = render_command(steps.ADMIT.file, 60)
    guest.write("/local/hold", f"{command}\n")
    guest.write("/local/wait", command.replace("--timeout 900", "--timeout 1") + "\n")
    text = f"bash /local/hold </local/holder & {wait % 'begun'}; bash /local/wait </local/waiter; echo ended with $?"
    result = guest.shell(["bash", "-c", f"{text}; touch /run/go-on; wait"], "")
    assert "ended with 75" in result.stdout
    assert "survived" not in result.stdout
    (error,) = result.errors
    assert "another step to end: found 50-manage-membership.sh, process " in error
    assert ", since 20" in error
    # Once it ended, nobody is named any more.
    assert "50-manage-membership.sh" not in guest.read(LOCK)


@pytest.mark.case("T5")
def test_a_run_that_was_killed_leaves_no_result_behind(guest: Guest) -> None:
    guest.answer("kubectl", KILLED)
    guest.run_text(f"main() {{ echo '{SECRET}'; kubectl --kubeconfig x get nodes; }}\nmain </dev/null\n")
    assert list(guest.path("/run").glob("kubelab-*")) == []
