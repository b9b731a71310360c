"""An official Ubuntu image: its checksum verified by signature, the OVA by its checksum. Never unverified."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from images.store import Image, ImageStore
from images.ubuntu.download import download
from images.ubuntu.releases import KEY_SERVER, SIGNATURE, SIGNING_KEY, SUMS, UbuntuRelease
from images.ubuntu.signature import verify
from toolchain.errors import SetupError
from toolchain.progress import Progress
from toolchain.system.scratch import scratch_directory

SMALL_BYTES, SMALL_SECONDS = 1 << 20, 120.0
OVA_BYTES, OVA_SECONDS = 4 << 30, 3600.0
_LINE = re.compile(r"^(?P<sum>[0-9a-f]{64}) [ *](?P<name>[^/\s]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an image is fetched from, and the fingerprint of its signing key; `key`: that key's file, else fetched."""

    folder: str
    names: tuple[str, ...]
    fingerprint: str = SIGNING_KEY
    key_server: str = KEY_SERVER
    key: Path | None = None


def origin_of(release: UbuntuRelease, key: Path | None = None) -> Origin:
    """The official place of a release."""
    return Origin(release.folder, release.names, key=key)


def make(
    system: str, origin: Origin, store: ImageStore, progress: Progress, environ: Mapping[str, str] = os.environ
) -> Image:
    """The image as published today. SetupError, in a line, when anything of it is not as it must be."""
    progress.expect(3)
    with scratch_directory(store.folder / f".making-{system}") as scratch:
        with progress.step("signed checksums"):
            key = origin.key or _fetched(
                f"{origin.key_server}{origin.fingerprint}", scratch / "signing-key.asc", progress
            )
            sums = _fetched(f"{origin.folder}/{SUMS}", scratch / SUMS, progress)
            signature = _fetched(f"{origin.folder}/{SIGNATURE}", scratch / SIGNATURE, progress)
            signed = verify(sums, signature, key, origin.fingerprint, environ)
            name, wanted = checksum_of(sums.read_text(errors="replace"), origin)
        source = f"{origin.folder}/{name}, {SUMS} signed {signed.day} by {origin.fingerprint}"
        found = store.made_before(wanted)
        if found is not None:
            progress.cached(f"{found.file}, of {found.source}")
            return found
        ova = scratch / name
        with progress.step(name):
            download(f"{origin.folder}/{name}", ova, OVA_BYTES, OVA_SECONDS, progress.note)
        with progress.step("checksum"), ova.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            if digest != wanted:
                raise SetupError(
                    f"fetching {origin.folder}/{name}: sha256 {digest}, wanted: {wanted}, as signed; it is not taken"
                )
        return store.take(ova, system, digest, source, datetime.now(UTC).date().isoformat(), wanted)


def checksum_of(sums: str, origin: Origin) -> tuple[str, str]:
    """Name and SHA-256 of the OVA in the text of SHA256SUMS; SetupError when it lists none."""
    listed = {found["name"]: found["sum"] for found in _LINE.finditer(sums)}
    for name in origin.names:
        if name in listed:
            return name, listed[name]
    raise SetupError(f"reading {origin.folder}/{SUMS}: no {' and no '.join(origin.names)} in it")


def _fetched(url: str, to: Path, progress: Progress) -> Path:
    download(url, to, SMALL_BYTES, SMALL_SECONDS, progress.note)
    return to
