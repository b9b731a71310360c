"""Whether a file was signed by one key. GnuPG decides, in a home of its own, and must name that key."""

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import SetupError
from toolchain.system.run import answer

SECONDS = 30.0
_VALID = re.compile(r"^\[GNUPG:\] VALIDSIG (?P<words>\S.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Signature:
    """A good one: the day on which it was made, as YYYY-MM-DD."""

    day: str


def verify(
    signed: Path, signature: Path, key: Path, fingerprint: str, environ: Mapping[str, str] = os.environ
) -> Signature:
    """The signature of `signed`, if it was made by the key in file `key` that has this fingerprint (40 digits).

    SetupError when the file holds no such key, or the signature is missing, broken, expired or by another key.
    """
    doing = f"verifying {signed.name} by {signature.name}"
    with tempfile.TemporaryDirectory(prefix="kubelab-gpg-") as folder:  # made with mode 0700
        home = {**environ, "GNUPGHOME": folder, "LC_ALL": "C"}
        _require_key(key, fingerprint, home)
        keyring = Path(folder) / "key.gpg"
        quiet = ("--batch", "--no-tty", "--quiet")
        answer(
            ["gpg", *quiet, "--no-auto-check-trustdb", "--import", str(key)],
            f"reading {key.name}",
            home,
            timeout=SECONDS,
        )
        answer(
            ["gpg", *quiet, "--output", str(keyring), "--export", fingerprint],
            f"reading {key.name}",
            home,
            timeout=SECONDS,
        )
        try:
            said = answer(
                ["gpgv", "--status-fd", "1", "--keyring", str(keyring), str(signature), str(signed)],
                doing,
                home,
                timeout=SECONDS,
            )
        except SetupError as error:
            raise SetupError(
                f"{doing}: no good signature by the key {fingerprint}; nothing of it is used", error.evidence
            ) from error
    words = [found["words"].split() for found in _VALID.finditer(said)]
    if len(words) != 1 or fingerprint not in (words[0][0], words[0][-1]):
        raise SetupError(f"{doing}: no good signature by the key {fingerprint}; nothing of it is used")
    return Signature(words[0][1])


def _require_key(key: Path, fingerprint: str, home: Mapping[str, str]) -> None:
    doing = f"reading {key.name}"
    try:
        said = answer(
            ["gpg", "--batch", "--no-tty", "--with-colons", "--show-keys", str(key)], doing, home, timeout=SECONDS
        )
    except SetupError as error:
        raise SetupError(f"{doing}: no OpenPGP key in it", error.evidence) from error
    found = primary_fingerprints(said)
    if fingerprint not in found:
        raise SetupError(
            f"{doing}: found {', '.join(found) or 'no key'}, wanted: the key {fingerprint}; it is not taken"
        )


def primary_fingerprints(colons: str) -> tuple[str, ...]:
    """The fingerprints of keys, without those of their sub-keys, in what gpg says with `--with-colons`."""
    found, after_key = [], False
    for line in colons.splitlines():
        fields = line.split(":")
        if fields[0] == "fpr" and after_key:
            found.append(fields[9])
        after_key = fields[0] == "pub" or (after_key and fields[0] not in ("fpr", "sub"))
    return tuple(found)
