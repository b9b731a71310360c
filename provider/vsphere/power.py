"""Power: on, off, and off gently. Meeting the wanted state already is success."""

from contextlib import suppress
from typing import Any

from provider.vsphere import collector, tasks
from provider.vsphere.cancel import Deadline
from provider.vsphere.errors import PowerStateError, TimedOutError, VsphereError
from provider.vsphere.model import ObservedMachine
from provider.vsphere.session import Session

ON, OFF = "poweredOn", "poweredOff"
SHUTDOWN_SECONDS = 180.0
TOOLS_RUNNING = "guestToolsRunning"


def power_on(session: Session, vm: Any, name: str) -> None:
    """Powers a machine on, or resumes it."""
    try:
        tasks.run(session, f"powering on {name}", vm.PowerOnVM_Task, None)
    except PowerStateError as error:
        if error.existing != ON:
            raise


def power_off(session: Session, vm: Any, name: str) -> None:
    """Powers a machine off at once."""
    try:
        tasks.run(session, f"powering off {name}", vm.PowerOffVM_Task)
    except PowerStateError as error:
        if error.existing != OFF:
            raise


def shut_down(session: Session, vm: Any, found: ObservedMachine) -> None:
    """Lets the guest shut down if VMware Tools run in it, and powers off what is not off after three minutes."""
    doing = f"shutting down {found.name}"
    if found.powered_on and found.tools == TOOLS_RUNNING:
        with suppress(TimedOutError, PowerStateError):
            _ask_guest(session, vm, doing)
    power_off(session, vm, found.name)


def _ask_guest(session: Session, vm: Any, doing: str) -> None:
    try:
        session.change(doing, vm.ShutdownGuest)
    except PowerStateError:
        raise
    except VsphereError:
        session.cancel.check(doing)
        return  # a guest that cannot be asked is powered off
    collector.wait_for(session, doing, vm, ["runtime.powerState"], _is_off, Deadline(SHUTDOWN_SECONDS))


def _is_off(facts: collector.Facts) -> bool | None:
    return str(facts.get("runtime.powerState")) == OFF or None
