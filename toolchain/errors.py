"""The one error that the tools and the embedded lab show to their user."""

from pathlib import Path

EVIDENCE_LINES = 12


class SetupError(Exception):
    """A failure with a one-line explanation: what was being done, what was found, what to do next.

    `evidence` holds the last lines of the log of what failed (may be empty); they are shown below the line.
    """

    def __init__(self, message: str, evidence: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.evidence = evidence


def last_lines(log: Path, count: int = EVIDENCE_LINES) -> tuple[str, ...]:
    """The last `count` non-empty lines of a log file; empty when there is no such file."""
    if not log.is_file():
        return ()
    lines = [line.rstrip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return tuple(lines[-count:])
