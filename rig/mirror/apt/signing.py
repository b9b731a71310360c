"""The key of the rig's apt repositories, and signing with it.

GnuPG works in a short-lived home of its own, so that its agent ends with it and no long path is in its socket's way.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from toolchain.system import run
from toolchain.system.secrets import secret_file

_OWNER = "kubelab rig <rig@kubelab.invalid>"
_GPG = ("gpg", "--batch", "--no-tty", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")


def ensure_key(key: Path) -> None:
    """A signing key (ed25519, without passphrase) in a 0600 file, made once."""
    if key.is_file():
        key.chmod(0o600)
        return
    with _home() as environ:
        make = [*_GPG, "--quick-generate-key", _OWNER, "ed25519", "sign", "never"]
        run.answer(make, "making the key of the apt repositories", environ)
        export = [*_GPG, "--armor", "--export-secret-keys", _OWNER]
        secret_file(key, run.answer(export, "reading the key of the apt repositories", environ))


def sign(releases: Mapping[Path, Path], key: Path) -> None:
    """Signs Release files: `releases` maps each one to the directory that gets its InRelease and Release.gpg."""
    with _home() as environ:
        run.answer([*_GPG, "--import", str(key)], "loading the key of the apt repositories", environ)
        for release, directory in releases.items():
            doing = f"signing {release}"
            inline = [*_GPG, "--clearsign", "--output", str(directory / "InRelease"), str(release)]
            run.answer(inline, doing, environ)
            apart = [*_GPG, "--armor", "--detach-sign", "--output", str(directory / "Release.gpg"), str(release)]
            run.answer(apart, doing, environ)


def public_key(key: Path) -> str:
    """The public key, armoured, as clients fetch it."""
    with _home() as environ:
        run.answer([*_GPG, "--import", str(key)], "loading the key of the apt repositories", environ)
        return run.answer([*_GPG, "--armor", "--export"], "reading the public key of the apt repositories", environ)


def fingerprint(key: Path) -> str:
    """The fingerprint of the key, as whoever trusts it writes it down: 40 hexadecimal digits."""
    with _home() as environ:
        argv = [*_GPG, "--with-colons", "--show-keys", str(key)]
        listed = run.answer(argv, "reading the fingerprint of the apt repositories' key", environ)
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))


@contextmanager
def _home() -> Iterator[dict[str, str]]:
    home = Path(tempfile.mkdtemp(prefix="kubelab-gpg-", dir="/tmp"))
    environ = {**os.environ, "GNUPGHOME": str(home), "LC_ALL": "C"}
    try:
        yield environ
    finally:
        run.answer(["gpgconf", "--kill", "all"], "ending GnuPG's agent", environ)
        shutil.rmtree(home, ignore_errors=True)
