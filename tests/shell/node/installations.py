"""The installation of a runtime on a pretended machine, w1."""

import pytest

from tests.shell.guest import machine
from tests.shell.guest.machine import Guest, Result
from tests.shell.steps import INSTALL_RUNTIME
from tests.shell.world import WORDS

EACH = pytest.mark.parametrize("word", WORDS)


def install(guest: Guest, word: str, **changed: str) -> Result:
    """Run the step that installs this runtime, with some inputs changed."""
    step = INSTALL_RUNTIME[word].given(**changed)
    return guest.run(step.file, step.environment)


def refuse(guest: Guest, command: str, condition: str, reason: str) -> None:
    """Let those calls of a command fail for which a condition holds."""
    guest.answer(command, f"if {condition}; then echo '{reason}' >&2; exit 1; fi")


def assert_one_error(result: Result, *shown: str) -> None:
    """The run failed with one error, which names the machine, and said these words."""
    machine.assert_one_error(result, *shown)
    assert "w1" in result.errors[0]
