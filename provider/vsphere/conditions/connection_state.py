"""Machines whose configuration the host does not show: disconnected, inaccessible, orphaned, invalid. Pure."""

from provider.vsphere.api.sdk import Facts
from provider.vsphere.errors import UnreadableError

CONNECTED = "connected"
PATHS = ("name", "runtime.connectionState", "config.uuid", "summary.config.vmPathName")
_REMEDY = "see on the host what is wrong with it"
_REMEDIES = {
    "disconnected": "connect its host again",
    "inaccessible": "make its datastore accessible again",
    "orphaned": "see on its host whether it is still registered there",
    "invalid": "see on the host what is wrong with its .vmx file and its datastore",
}


def is_readable(facts: Facts) -> bool:
    """True if these properties (at least PATHS) are of a machine that has its configuration with it."""
    return _state(facts) == CONNECTED and "config.uuid" in facts


def unreadable(name: str, host: str, facts: Facts) -> UnreadableError:
    """What to say of a machine that the host cannot read, described by these properties."""
    state, where = _state(facts), facts.get("summary.config.vmPathName") or "an unknown path"
    shown = f"{host} shows {facts.get('name') or 'a machine without a name'} ({where}) as {state}"
    if state == CONNECTED:
        shown += ", but without its configuration"
    return UnreadableError(
        f"machine {name}: {shown}: whose it is cannot be read, so nothing was changed; "
        f"{_REMEDIES.get(state, _REMEDY)}, "
        "then run again"
    )


def _state(facts: Facts) -> str:
    return str(facts.get("runtime.connectionState", CONNECTED))
