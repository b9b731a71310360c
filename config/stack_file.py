"""A whole stack file as Pulumi keeps it: the project's own keys out of it, and what is wrong around them."""

from pathlib import Path

from pydantic import ValidationError

from config.faults import problems_of
from config.files import display, read_document
from config.problems import Problem
from config.stack import PREFIX, StackFile


def read_stack_file(file: Path) -> tuple[dict[str, object] | None, list[Problem]]:
    """The entries of `config` that are the project's, None if the file cannot be read, and the faults around them.

    Keys of other namespaces (`pulumi:tags`) are Pulumi's business and left out.
    """
    data, problems = read_document(file)
    if problems:
        return None, problems
    try:
        StackFile.model_validate(data)
    except ValidationError as error:
        problems = problems_of(error, StackFile, display(file))
    config = data.get("config") if isinstance(data, dict) else None
    if not isinstance(config, dict):
        return None, problems
    return {key: value for key, value in config.items() if key.startswith(PREFIX) or ":" not in key}, problems
