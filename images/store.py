"""The image store: OVAs named by what they hold, and for each way one was made, which one it was."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

SHORT = 12


@dataclass(frozen=True, slots=True)
class Image:
    """An OVA in the store: `file` relative to it, `sha256` in hex, `source` in one line, `date` as YYYY-MM-DD."""

    system: str
    file: str
    sha256: str
    source: str
    date: str


def store_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where images lie: KUBELAB_IMAGES, else kubelab/images below XDG_CACHE_HOME or ~/.cache."""
    named = environ.get("KUBELAB_IMAGES")
    base = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(base) / "kubelab" / "images"


class ImageStore:
    """A folder with images; each is complete or absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def made_before(self, key: str) -> Image | None:
        """The image that was made by `key` (hex), if it is still there as it was."""
        try:
            found = Image(**json.loads(self._record(key).read_text()))
            with (self.folder / found.file).open("rb") as ova:
                same = hashlib.file_digest(ova, "sha256").hexdigest() == found.sha256
        except (OSError, ValueError, TypeError):
            return None
        return found if same else None

    def take(self, ova: Path, system: str, sha256: str, source: str, date: str, key: str) -> Image:
        """Moves a finished OVA, on the store's own file system, into it, and remembers the key it was made by."""
        image = Image(system, f"{system}-{sha256[:SHORT]}.ova", sha256, source, date)
        ova.chmod(0o644)
        ova.replace(self.folder / image.file)
        record = self._record(key)
        record.parent.mkdir(exist_ok=True)
        unfinished = record.with_name(f".{record.name}.{os.getpid()}")
        unfinished.write_text(json.dumps(asdict(image), indent=2) + "\n")
        unfinished.replace(record)
        return image

    def _record(self, key: str) -> Path:
        return self.folder / "made-by" / f"{key}.json"
