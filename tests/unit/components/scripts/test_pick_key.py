"""The program that picks a key out of a file: whatever the file holds, it ends with a status of its own and in time."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from components.apt import ANY_FINGERPRINT, Repository
from components.scripts.installed.pick_key import armored, dearmored, picked
from components.step import SCRIPTS
from components.steps.node import prepare_os
from tests.unit.components import labs

KEY = (Path(__file__).parents[3] / "shell/package-key.asc").read_text()
FINGERPRINT = "47E684F5EFC1E3A8501C12EFD069B871B7E81F6E"


def run(text: bytes) -> subprocess.CompletedProcess[bytes]:
    """The program, as a node runs it."""
    program = (SCRIPTS / "installed/pick_key.py").read_text()
    return subprocess.run(
        [sys.executable, "-c", program, FINGERPRINT], input=text, capture_output=True, timeout=30, check=False
    )


@pytest.mark.case("T1")
def test_a_key_comes_out_as_it_went_in() -> None:
    assert armored(dearmored(KEY)) == KEY
    assert picked(dearmored(KEY), FINGERPRINT) == (dearmored(KEY), [])
    ran = run(KEY.encode())
    assert (ran.returncode, ran.stdout.decode(), ran.stderr) == (0, KEY, b"")


@pytest.mark.case("T1")
def test_no_damage_to_a_file_makes_another_key_of_it_or_a_traceback() -> None:
    source, data = random.Random(9), dearmored(KEY)
    for _ in range(2000):
        damaged = bytearray(data)
        for _ in range(source.randint(1, 4)):
            damaged[source.randrange(len(damaged))] = source.randrange(256)
        try:
            kept, _ = picked(bytes(damaged[: source.randint(1, len(damaged))]), FINGERPRINT)
        except (ValueError, OverflowError):
            continue
        # The fingerprint is of the key's own packet, which is whole or not there.
        assert kept[:53] in (b"", data[:53])


@pytest.mark.case("T1")
@pytest.mark.parametrize(
    "text", [b"", b"\xff\x00", KEY.encode()[:200], b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n\xe4\n"]
)
def test_what_is_no_key_has_a_status_and_no_traceback(text: bytes) -> None:
    ran = run(text)
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, b"", b"")


def test_the_program_goes_to_nodes_that_have_a_pinned_key() -> None:
    node, site = labs.node("w1"), labs.SITE
    pinned = Repository("a", "https://a.test/", "/", "", "https://a.test/key", FINGERPRINT, mirrored=False)
    of_mirror = Repository("b", "https://b.test/", "/", "", "https://b.test/key", ANY_FINGERPRINT, mirrored=True)
    assert prepare_os.environment(node, site, [of_mirror])["PICK_KEY"] == ""
    assert prepare_os.environment(node, site, [of_mirror, pinned])["PICK_KEY"]
