"""The last line of the door: an exception that no check expects becomes a line too, without any word of the user's."""

from pathlib import Path
from traceback import extract_tb

_PROJECT = Path(__file__).parents[2]

UNEXPECTED = "kubelab cannot check this"
"""How the line begins: no input is meant to lead to it."""


def unexpected(error: BaseException) -> str:
    """What happened (an exception's kind, the line of kubelab that met it) and what to do. No text of the error."""
    own = [frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_PROJECT)]
    inside = [frame for frame in own if "site-packages" not in frame.filename]
    at = f" at {Path(inside[-1].filename).relative_to(_PROJECT)}:{inside[-1].lineno}" if inside else ""
    return f"{UNEXPECTED} ({type(error).__name__}{at}); write something else here, and report it with this line"
