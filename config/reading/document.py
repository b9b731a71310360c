"""A YAML file as data, or every reason why there is none."""

from pathlib import Path

from config.problems import Problem
from config.reading.regular_files import UnreadableFileError, display, read_text
from config.reading.yaml_reader import YamlError, read_yaml


def read_document(file: Path) -> tuple[object, list[Problem]]:
    """The YAML data in `file`, or every reason why there is none."""
    where = display(file)
    try:
        return read_yaml(read_text(file)), []
    except UnreadableFileError as error:
        return None, [Problem(where, "", f"cannot be read: {error}")]
    except YamlError as error:
        return None, [Problem(where, "", fault) for fault in error.faults]
