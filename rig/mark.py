"""Whose a container, an image, a network or a firewall rule is: a word of this run's own, in every mark."""

import json
import secrets

from toolchain.layout import Layout
from toolchain.system.secrets import secret_file


def mark_of(layout: Layout) -> str:
    """The word, 12 hexadecimal digits: made at the first `up` of a `.rig` folder, and kept as long as the folder.

    A path would not tell runs apart: two jobs of CI often have the same one, in containers of their own beside one
    container engine. A folder that was copied to another path has none of the other's things.
    """
    file = layout.state / "mark.json"
    here = str(layout.project)
    try:
        known = json.loads(file.read_text())
        if known["project"] == here:
            return str(known["mark"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        pass
    fresh = secrets.token_hex(6)
    secret_file(file, json.dumps({"mark": fresh, "project": here}) + "\n")
    return fresh
