"""A YAML file as data, or every reason why there is none."""

from functools import partial
from pathlib import Path

from config.problems import Problem, at_most
from config.reading.guard import unexpected
from config.reading.regular_files import UnreadableFileError, display, read_text
from config.reading.yaml_reader import YamlError, read_yaml

_MOST = 100  # faults of one file that are shown at once


def read_document(file: Path) -> tuple[object, list[Problem]]:
    """The YAML data in `file`, or every reason why there is none. It may still be beyond the bounds of plain data."""
    where = display(file)
    try:
        return read_yaml(read_text(file)), []
    except UnreadableFileError as error:
        return None, [Problem(where, "", f"cannot be read: {error}")]
    except YamlError as error:
        return None, at_most(_MOST, where, [partial(Problem, where, "", fault) for fault in error.faults])
    except Exception as error:  # the guard's purpose
        return None, [Problem(where, "", unexpected(error))]
