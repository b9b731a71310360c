"""The keys that apt trusts: of a file that a server gives, the pinned key alone, for its repository alone."""

import base64
import re
from pathlib import Path

import pytest

from components import apt
from components.apt import Repository
from components.guest_systems import GUEST_SYSTEMS
from components.records.discovery import default
from tests.shell.guest.machine import Guest
from tests.shell.steps import PREPARE_OS
from tests.shell.world import (
    KEY,
    KEY_FINGERPRINT,
    KEY_URL,
    KEYRING,
    OTHER_FINGERPRINT,
    OTHER_KEY,
)
from tests.unit.components import labs

STEP, WANTED = PREPARE_OS.file, PREPARE_OS.environment


@pytest.fixture(autouse=True)
def prepared(guest: Guest) -> None:
    PREPARE_OS.prepare(guest)


def octets(armored: str) -> bytes:
    """What an armoured block holds."""
    body = re.split(r"\n\n", armored.strip(), maxsplit=1)[1]
    return base64.b64decode("".join(line for line in body.splitlines() if line[0] not in "=-"))


def armor(data: bytes, headers: str = "") -> str:
    """A block without a checksum, as a server may give it."""
    text = base64.b64encode(data).decode()
    lines = "\n".join(text[start : start + 76] for start in range(0, len(text), 76))
    return f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n{headers}\n{lines}\n-----END PGP PUBLIC KEY BLOCK-----\n"


TWO_KEYS = {
    "after it in one block": armor(octets(KEY) + octets(OTHER_KEY)),
    "before it in one block": armor(octets(OTHER_KEY) + octets(KEY)),
    "on both sides": armor(octets(OTHER_KEY) + octets(KEY) + octets(OTHER_KEY)),
    "in a block after it": KEY + OTHER_KEY,
    "behind a text": "a text\r\n" + armor(octets(KEY) + octets(OTHER_KEY), "Version: 1\nComment: x\n"),
}


@pytest.mark.case("T1")
@pytest.mark.parametrize("page", TWO_KEYS.values(), ids=TWO_KEYS)
def test_another_key_beside_the_pinned_one_is_left_out(guest: Guest, page: str) -> None:
    guest.web(KEY_URL, page)
    result = guest.run(STEP, WANTED)
    assert (result.status, result.errors) == (0, [])
    assert guest.read(KEYRING) == KEY
    assert (OTHER_FINGERPRINT in result.stderr) == (page != TWO_KEYS["in a block after it"])


@pytest.mark.case("T1")
def test_a_key_with_subkeys_and_names_is_kept_whole(guest: Guest) -> None:
    guest.web(KEY_URL, armor(octets(KEY) + octets(OTHER_KEY)))
    result = guest.run(STEP, {**WANTED, "APT_KEYS": f"{KEYRING} {KEY_URL} {OTHER_FINGERPRINT}"})
    assert result.status == 0
    assert guest.read(KEYRING) == OTHER_KEY


BROKEN = {
    "no packets": armor(b"text that is no key"),
    "a packet that ends too late": armor(octets(KEY)[:-1]),
    "an empty block": armor(b""),
    "no base64": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n%%%%\n-----END PGP PUBLIC KEY BLOCK-----\n",
    "a packet without an end": armor(octets(KEY) + b"\x9b\x04"),
    "a packet in parts": armor(octets(KEY) + b"\xc6\xe1\x04\x04"),
    "a length of 2 GiB": armor(octets(KEY) + b"\xc6\xff\x80\x00\x00\x00"),
}


@pytest.mark.case("T1")
@pytest.mark.parametrize("page", BROKEN.values(), ids=BROKEN)
def test_a_key_that_cannot_be_read_whole_is_refused(guest: Guest, page: str) -> None:
    guest.web(KEY_URL, page)
    result = guest.run(STEP, WANTED)
    assert result.status == 1
    assert len(result.errors) == 1
    assert KEY_URL in result.errors[0]
    assert not guest.exists(KEYRING)


@pytest.mark.case("T1")
def test_a_key_of_a_length_in_the_newer_form_is_the_same_key(guest: Guest) -> None:
    old = octets(KEY)
    packet, rest = old[2 : 2 + old[1]], old[2 + old[1] :]
    guest.web(KEY_URL, armor(b"\xc6" + bytes([len(packet)]) + packet + rest))
    assert guest.run(STEP, WANTED).status == 0
    guest.web(KEY_URL, armor(b"\xc6\xff" + len(packet).to_bytes(4, "big") + packet + rest))
    guest.remove(KEYRING)
    assert guest.run(STEP, WANTED).status == 0


@pytest.mark.case("T1")
def test_every_source_has_a_key_of_its_own_and_no_other() -> None:
    mirrors = labs.SITE.mirrors
    system = default(GUEST_SYSTEMS)
    sources = [apt.kubernetes("1.36", mirrors), apt.docker(system.id, system.codename, mirrors)]
    assert len({source.keyring for source in sources}) == len(sources)
    assert all(f"\nSigned-By: {source.keyring}\n" in source.source().text for source in sources)
    assert not any(source.keyring.startswith("/etc/apt/trusted.gpg") for source in sources)


@pytest.mark.case("T2")
@pytest.mark.parametrize("field", ["uri", "suite", "key_uri", "fingerprint", "name"])
def test_nothing_that_describes_a_repository_makes_another_line_of_it(field: str) -> None:
    given = {"name": "x", "uri": "https://a.test/", "suite": "/", "key_uri": "https://a.test/key", "fingerprint": "-"}
    given[field] += "\nTrusted: yes"
    with pytest.raises(ValueError, match="no white space"):
        Repository(**given, components="", mirrored=False)


@pytest.mark.case("T11")
def test_a_server_that_sends_on_to_http_is_not_followed(guest: Guest) -> None:
    guest.web(KEY_URL.replace("https", "http"), KEY)
    guest.state(f"redirects/{KEY_URL.replace('/', '_')}", KEY_URL.replace("https", "http"))
    result = guest.run(STEP, WANTED)
    assert result.status == 1
    (error,) = result.errors
    assert 'Protocol "http" not supported' in error
    assert KEY_URL in error
    assert not guest.exists(KEYRING)


@pytest.mark.case("C1")
def test_a_machine_without_gnupg_takes_the_pinned_key(guest: Guest) -> None:
    for program in ("gpg", "gpgv"):
        guest.write(f"/local/sbin/{program}", "#!/bin/bash\nexit 127\n", mode=0o755)
    assert guest.run(STEP, WANTED).status == 0
    assert guest.read(KEYRING) == KEY
    assert KEY_FINGERPRINT in WANTED["APT_KEYS"]


def test_the_keys_of_these_tests_are_what_they_are_taken_for() -> None:
    folder = Path(__file__).parents[1]
    assert (folder / "package-key.asc").read_text() == KEY
    assert (folder / "other-package-key.asc").read_text() == OTHER_KEY
