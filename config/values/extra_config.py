"""Settings of virtual machines that are passed through (`extraConfig`)."""

import re

from config.problems import shown

_OWNED_PREFIXES = ("guestinfo.", "kubelab.")


def without_owned(entries: dict[str, str]) -> dict[str, str]:
    """The settings, if a machine can keep them and none is kubelab's own. Raises ValueError."""
    found = [key for key in entries if key.lower().startswith(_OWNED_PREFIXES)]
    if found:
        raise ValueError(f"found {', '.join(found)}: kubelab sets guestinfo.* and kubelab.* itself; remove it")
    names = [key for key in entries if not re.fullmatch(r"[A-Za-z0-9_.:-]+", key)]
    if names:
        wanted = "wanted: a name of letters, digits and . _ : - such as svga.vramSize"
        raise ValueError(f"found the key {', '.join(map(shown, names))}, {wanted}")
    values = [key for key, value in entries.items() if not value.isprintable()]
    if values:
        raise ValueError(f"found control characters in the value of {', '.join(values)}, wanted: a text of one line")
    return entries
