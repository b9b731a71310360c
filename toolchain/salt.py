"""The engine's passphrase salt: made, checked and put into a stack file's text. Pure but for randomness.

`pulumi stack init` writes `encryptionsalt` into the stack file when there is none. A committed salt would bind
everyone to one passphrase; so each clone has a salt of its own, which git's clean filter keeps out of commits.
"""

import base64
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

ITERATIONS = 1_000_000
PROOF = b"pulumi"
SALT_LINE = re.compile(r"^encryptionsalt: *(\S+) *\n?", re.MULTILINE)
OTHER_PROVIDER = re.compile(r"^secretsprovider:", re.MULTILINE)


def new_salt(passphrase: str) -> str:
    """A fresh salt with the proof by which the engine recognises the passphrase (format v1)."""
    salt, nonce = os.urandom(8), os.urandom(12)
    sealed = AESGCM(_key(passphrase, salt)).encrypt(nonce, PROOF, None)
    return f"v1:{_text(salt)}:v1:{_text(nonce)}:{_text(sealed)}"


def belongs_to(salt: str, passphrase: str) -> bool:
    """Whether the passphrase opens the salt's proof."""
    fields = salt.split(":")
    if len(fields) != 5 or fields[0] != "v1" or fields[2] != "v1":
        return False
    try:
        raw, nonce, sealed = (base64.b64decode(fields[index], validate=True) for index in (1, 3, 4))
        return AESGCM(_key(passphrase, raw)).decrypt(nonce, sealed, None) == PROOF
    except (ValueError, InvalidTag):
        return False


def salt_of(stack_text: str) -> str | None:
    """The salt in a stack file."""
    match = SALT_LINE.search(stack_text)
    return match.group(1).strip("\"'") if match else None


def with_salt(stack_text: str, salt: str) -> str:
    """The stack file with this salt as its last line; unchanged when another secrets provider is chosen there."""
    if OTHER_PROVIDER.search(stack_text):
        return stack_text
    rest = SALT_LINE.sub("", stack_text)
    separator = "" if not rest or rest.endswith("\n") else "\n"
    return f"{rest}{separator}encryptionsalt: {salt}\n"


def _key(passphrase: str, salt: bytes) -> bytes:
    return PBKDF2HMAC(algorithm=SHA256(), length=32, salt=salt, iterations=ITERATIONS).derive(passphrase.encode())


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
