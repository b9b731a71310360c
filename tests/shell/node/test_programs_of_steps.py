"""The programs that steps call: what an image lacks is installed before it is called, or asked for by name."""

import pytest

from tests.shell.guest.machine import PATH, Guest
from tests.shell.steps import PREPARE_OS
from tests.shell.world import MIRROR

STEP = PREPARE_OS.file
WANTED = PREPARE_OS.environment
MISSING = {**WANTED, "PROGRAMS": f"{WANTED['PROGRAMS']}\nfrob-utils frobnicate frob"}
UPSTREAM = {**MISSING, "MIRROR_CA": "", "ONLY_MIRRORS": "false"}
BRINGS = (
    '[[ "$*" != *" install "*frob-utils* ]] || for program in frobnicate frob; do '
    'printf "#!/bin/bash\\n" >/usr/local/bin/$program && chmod 755 /usr/local/bin/$program; done'
)


@pytest.fixture(autouse=True)
def prepared(guest: Guest) -> None:
    PREPARE_OS.prepare(guest)


@pytest.mark.case("C1")
def test_a_program_that_the_image_lacks_is_installed_before_anything_calls_it(guest: Guest) -> None:
    guest.answer("apt-get", BRINGS)
    result = guest.run(STEP, UPSTREAM)
    assert (result.status, result.errors) == (0, [])
    assert guest.known("packages/frob-utils")
    first = guest.calls()[[" install " in call for call in guest.calls()].index(True)]
    assert first.count("frob-utils") == 1
    assert guest.calls().index(first) < guest.calls().index(guest.calls("curl")[0])
    # It is the machine's from then on: a reset leaves it.
    assert not guest.exists("/etc/kubelab/installed-packages")


@pytest.mark.case("C1")
def test_with_a_mirror_of_the_system_it_comes_from_there(guest: Guest) -> None:
    guest.answer("apt-get", BRINGS)
    assert guest.run(STEP, MISSING).status == 0
    calls = [call.split()[-1] for call in guest.calls("apt-get")]
    assert calls == ["update", "frob-utils"]


@pytest.mark.case("C1")
def test_a_program_that_cannot_be_installed_is_asked_for_by_name(guest: Guest) -> None:
    guest.answer("apt-get", 'echo "E: Unable to locate package frob-utils" >&2; exit 100')
    result = guest.run(STEP, UPSTREAM)
    assert result.status == 1
    (error,) = result.errors
    assert all(word in error for word in ("frob-utils", "w1", "http://archive.example/debian", "E: Unable to locate"))
    assert not guest.calls("curl")


@pytest.mark.case("C1")
def test_a_package_that_does_not_bring_its_program_is_said(guest: Guest) -> None:
    (error,) = guest.run(STEP, UPSTREAM).errors
    assert "there is no frobnicate (package frob-utils), frob (package frob-utils)" in error


@pytest.mark.case("C1")
def test_what_a_mirror_is_reached_by_is_asked_for_by_name(guest: Guest) -> None:
    for program in [name for line in WANTED["PROGRAMS"].splitlines() for name in line.split()[1:]]:
        if program != "curl":
            guest.write(f"/local/without-curl/{program}", f'#!/bin/bash\nPATH={PATH} exec {program} "$@"\n', mode=0o755)
    result = guest.run(STEP, {**WANTED, "PATH": "/usr/local/without-curl"})
    assert result.status == 1
    (error,) = result.errors
    assert "there is no curl (package curl), by which the mirrors are reached; use an image that has it" in error
    assert MIRROR in WANTED["FILES"]


@pytest.mark.case("C1")
def test_a_machine_that_has_them_all_installs_nothing(guest: Guest) -> None:
    assert guest.run(STEP, {**WANTED, "MIRROR_CA": "", "ONLY_MIRRORS": "false"}).status == 0
    assert not guest.calls(" install ")
