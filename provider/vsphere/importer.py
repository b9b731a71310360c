"""Who is importing an image: another run that is at it, or one that ended in the middle.

The base machine names the session that imports it; the host knows when each session last did something.
"""

from collections.abc import Mapping
from typing import Any

from provider.vsphere import collector
from provider.vsphere.sdk import vim
from provider.vsphere.session import Session

IMPORTER_KEY = "kubelab.importer"
SILENT_SECONDS = 30  # an import in progress tells the host so every two seconds


def session_key(session: Session) -> str:
    """Returns the host's key of our own session."""
    manager = session.content.sessionManager
    current = collector.read(session, "reading the session", manager, ["currentSession"])["currentSession"]
    return str(current.key)


def importer_is_alive(session: Session, marks: Mapping[str, str]) -> bool:
    """False if the importing session is gone or silent, or is our own (which imports nothing while it asks)."""
    importer = marks.get(IMPORTER_KEY)
    if importer is None or importer == session_key(session):
        return False
    facts = collector.read(session, "reading sessions", session.content.sessionManager, ["sessionList"])
    sessions: list[Any] = facts.get("sessionList", [])
    now = session.read("reading the host's clock", _service_instance(session).CurrentTime)
    return any(
        other.key == importer and (now - other.lastActiveTime).total_seconds() < SILENT_SECONDS for other in sessions
    )


def _service_instance(session: Session) -> Any:
    return vim.ServiceInstance("ServiceInstance", session.content.sessionManager._stub)
