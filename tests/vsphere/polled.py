"""Tasks of the tests' own, asked for again and again.

A watch of them, as the driver has, would go on for seconds, and the simulator reads all that is watched anew at each
change of anything.
"""

from typing import Any

from provider.vsphere.api import collector
from provider.vsphere.api.faults import translate
from provider.vsphere.api.session import Session
from provider.vsphere.cancel import Deadline

SECONDS = 60


def result(session: Session, task: Any) -> Any:
    """What a task ends with. Raises its error as the driver would."""
    deadline = Deadline(SECONDS)
    while True:
        facts = collector.read(session, "test", task, ["info.state", "info.error", "info.result"])
        match str(facts["info.state"]):
            case "success":
                return facts.get("info.result")
            case "error":
                raise translate("test", facts["info.error"])
        assert not deadline.passed, f"a task is not done after {SECONDS} s"
        session.cancel.sleep(0.01, "test")
