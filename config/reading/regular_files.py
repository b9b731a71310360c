"""Files on the disk: how messages name them, and their text."""

import os.path
from pathlib import Path


class UnreadableFileError(ValueError):
    """A file that cannot be read as text; str() is the reason, without the file's name or content."""


def display(file: Path) -> str:
    """`file` as messages name it: relative to the current folder where it lies below."""
    path = Path(os.path.abspath(file))  # noqa: PTH100 (resolve() would show where a link leads, not what the user wrote)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def is_missing(file: Path) -> bool:
    """Whether there is no such file; one that is there but out of reach is not missing."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def read_text(file: Path) -> str:
    """The text of `file`, in UTF-8. Raises UnreadableFileError."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadableFileError((error.strerror or type(error).__name__).lower()) from None
    except UnicodeDecodeError:
        raise UnreadableFileError("it is not text in UTF-8") from None
