"""The image store: OVAs named by what they hold, and for each way one was made, which one it was."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

SHORT = 12
LONGEST_WORD = 63


@dataclass(frozen=True, slots=True)
class Baked:
    """The stack that an image was made for and has inside: versions of Kubernetes and, by their words, of runtimes."""

    stack: str
    kubernetes: str
    runtimes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Image:
    """An OVA in the store: `file` relative to it, `sha256` in hex, `source` in one line, `date` as YYYY-MM-DD.

    `baked` is the stack inside, None for an image of a system alone.
    """

    system: str
    file: str
    sha256: str
    source: str
    date: str
    baked: Baked | None = None

    @property
    def word(self) -> str:
        """What a site file calls it."""
        return word_of(self.system, self.baked)

    def entry(self) -> dict[str, object]:
        """It as plain data, without what it has not."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def of_entry(cls, entry: Mapping[str, object]) -> "Image":
        """It from plain data; raises TypeError, ValueError or AttributeError for data of another form."""
        texts = {name: str(value) for name, value in entry.items() if name != "baked"}
        inside = entry.get("baked")
        return cls(**texts, baked=Baked(**inside) if isinstance(inside, dict) else None)


def word_of(system: str, baked: Baked | None) -> str:
    """How a site file names the image of a system, with a stack inside: `debian-13`, `debian-13-baked-containerd`."""
    if baked is None:
        return system
    return f"{system}-baked-{re.sub('[^a-z0-9.-]+', '-', baked.stack.lower())}"[:LONGEST_WORD]


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
            found = Image.of_entry(json.loads(self._record(key).read_text()))
            with (self.folder / found.file).open("rb") as ova:
                same = hashlib.file_digest(ova, "sha256").hexdigest() == found.sha256
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        return found if same else None

    def take(
        self, ova: Path, system: str, sha256: str, source: str, date: str, key: str, baked: Baked | None = None
    ) -> Image:
        """Moves a finished OVA, on the store's own file system, into it, and remembers the key it was made by."""
        image = Image(system, f"{word_of(system, baked)}-{sha256[:SHORT]}.ova", sha256, source, date, baked)
        ova.chmod(0o644)
        ova.replace(self.folder / image.file)
        record = self._record(key)
        record.parent.mkdir(exist_ok=True)
        unfinished = record.with_name(f".{record.name}.{os.getpid()}")
        unfinished.write_text(json.dumps(image.entry(), indent=2) + "\n")
        unfinished.replace(record)
        return image

    def _record(self, key: str) -> Path:
        return self.folder / "made-by" / f"{key}.json"
