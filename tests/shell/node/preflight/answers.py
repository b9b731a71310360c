"""What a preflight says of a machine."""

from tests.shell.guest.machine import Guest
from tests.shell.steps import PREFLIGHT

STEP, WANTED = PREFLIGHT.file, PREFLIGHT.environment


def open_ufw(guest: Guest, *ports: str) -> None:
    rules = "".join(
        f"-A ufw-user-input -p {protocol} --dport {port.replace('-', ':')} -j ACCEPT\n"
        for port, _, protocol in (each.partition("/") for each in ports)
    )
    guest.write("/etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=low\n")
    guest.write("/etc/ufw/user.rules", f"*filter\n:ufw-user-input - [0:0]\n{rules}COMMIT\n")


def said(guest: Guest, check: str, **changed: str) -> str:
    """The one line of a preflight that is refused for this check alone."""
    result = guest.run(STEP, {**WANTED, **changed})
    assert result.status == 1, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("preflight ")]
    assert line.startswith(f"preflight {check} on w1: found "), line
    return line


def assert_fit(guest: Guest, **changed: str) -> None:
    """The machine passes without a word."""
    result = guest.run(STEP, {**WANTED, **changed})
    assert (result.status, result.stderr) == (0, "")
