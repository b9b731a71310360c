"""The proof that a cluster works, and what it is refused by."""

from tests.shell.guest import machine
from tests.shell.guest.machine import Guest
from tests.shell.steps import VERIFY

STEP, WANTED = VERIFY.file, VERIFY.environment


def refuse(guest: Guest, command: str, words: str, reason: str) -> None:
    """Let those calls of a command fail that hold `words`."""
    guest.answer(command, f"""[[ "$*" != *{words}* ]] || {{ echo '{reason}' >&2; exit 1; }}""")


def assert_one_error(guest: Guest, *shown: str) -> None:
    """The proof fails with one error, and says these words."""
    machine.assert_one_error(guest.run(STEP, WANTED), *shown)
