"""A step as a test runs it: a script, what it is given, and what must be there before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from components.step import render_stdin
from tests.shell.guest.machine import Guest


@dataclass(frozen=True, slots=True)
class Step:
    """One script, what it is given, and what must be there before it."""

    file: str
    environment: Mapping[str, str]
    prepare: Callable[[Guest], None]
    arguments: tuple[str, ...] = ()

    def given(self, **changed: str) -> "Step":
        """The same step with some inputs changed."""
        return replace(self, environment={**self.environment, **changed})


def render(step: Step) -> str:
    """What the shell of a step reads."""
    return render_stdin(step.file, step.environment)
