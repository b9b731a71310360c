"""A step that reached no machine says what to look at."""

import pytest

from components.unreachable import advice

NO_ROUTE = "after 25 failed attempts: dial tcp 10.87.0.3:22: connect: no route to host"
ANOTHER = "after 25 failed attempts: ssh: handshake failed: ssh: host key mismatch"


@pytest.mark.case("C23")
def test_a_machine_without_ssh_is_named_with_what_to_look_at() -> None:
    said = advice("w2-preflight", [NO_ROUTE])
    assert said is not None
    assert said.startswith("reaching the machine of w2-preflight: found no ssh there (dial tcp 10.87.0.3:22: ")
    assert all(word in said for word in ("power", "console", "address", "route", "sshd", "pulumi up again"))
    assert "\n" not in said


@pytest.mark.case("C23", "C16")
def test_another_machine_at_the_address_is_told_from_a_silent_one() -> None:
    said = advice("w2-preflight", [ANOTHER])
    assert said is not None
    assert "another host key" in said
    assert "lease" in said


@pytest.mark.parametrize("errors", [[], ["Process exited with status 1: running ..."]])
def test_a_step_that_failed_on_its_machine_is_left_to_its_own_error(errors: list[str]) -> None:
    assert advice("w2-preflight", errors) is None
