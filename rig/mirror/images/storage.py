"""The files of a distribution registry's storage, written directly: complete when written, no server needed.

The layout is that of the registry's file system driver, see registry/storage/paths.go of the version go.mod pins.
"""

import hashlib
import json
from pathlib import Path

from rig.mirror.images.layers import Blob, Tree, write_layer
from rig.mirror.placing import place

_ROOT = "docker/registry/v2"


class Storage:
    """Blobs and tags below one directory."""

    def __init__(self, directory: Path) -> None:
        self._root = directory / _ROOT

    def put_layer(self, tree: Tree) -> Blob:
        scratch = self._root / ".layer"
        scratch.parent.mkdir(parents=True, exist_ok=True)
        blob = write_layer(tree, scratch)
        target = self._blob(blob.digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch.replace(target)
        return blob

    def put(self, content: bytes) -> Blob:
        digest = hashlib.sha256(content).hexdigest()
        target = self._blob(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return Blob(digest, len(content))

    def tag(self, repository: str, tag: str, manifest: Blob, parts: tuple[Blob, ...]) -> None:
        """Makes `repository:tag` name a manifest, and the repository own it and the blobs it is made of."""
        base = self._root / "repositories" / repository
        for part in parts:
            _link(base / "_layers" / "sha256" / part.digest, part.digest)
        _link(base / "_manifests" / "revisions" / "sha256" / manifest.digest, manifest.digest)
        tags = base / "_manifests" / "tags" / tag
        _link(tags / "current", manifest.digest)
        _link(tags / "index" / "sha256" / manifest.digest, manifest.digest)

    def copy(self, source: "Storage", there: tuple[str, str], here: tuple[str, str]) -> None:
        """Takes an image over from another storage, named by repository and tag `there` and `here`."""
        repository, tag = there
        link = source._root / "repositories" / repository / "_manifests" / "tags" / tag / "current" / "link"
        manifest = self._adopt(source, link.read_text())
        document = json.loads(self._blob(manifest.digest).read_bytes())
        parts = [self._adopt(source, part["digest"]) for part in (document["config"], *document["layers"])]
        self.tag(*here, manifest, tuple(parts))

    def _adopt(self, source: "Storage", digest: str) -> Blob:
        """The other storage's blob; `digest` with its algorithm."""
        plain = digest.removeprefix("sha256:")
        target = self._blob(plain)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            place(source._blob(plain), target)
        return Blob(plain, target.stat().st_size)

    def _blob(self, digest: str) -> Path:
        return self._root / "blobs" / "sha256" / digest[:2] / digest / "data"


def _link(directory: Path, digest: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "link").write_text(f"sha256:{digest}")
