"""The driver's exceptions: plain, one line each, safe to show to a user; no pyvmomi object is inside."""

from dataclasses import dataclass


class VsphereError(Exception):
    """Something failed; the text says what was being done, what was found and what to do next."""


class CancelledError(VsphereError):
    """The run was cancelled, or its engine is gone."""


class UnreachableError(VsphereError):
    """The host does not answer."""


class RefusedError(VsphereError):
    """The host refuses this user, or its certificate is not the trusted one. Never tried again."""


class OutcomeUnknownError(VsphereError):
    """The connection broke during a call that changes something: it may or may not have been carried out."""


class QuestionError(VsphereError):
    """The host waits for an answer that only a person can give."""


class GoneError(VsphereError):
    """The object does not exist any more."""


class AlreadyExistsError(VsphereError):
    """A name or file is taken."""


class BusyError(VsphereError):
    """The object is busy with something else; the same call may succeed later."""


class TimedOutError(VsphereError):
    """A bounded wait ended; the text shows the last evidence."""


class ForeignError(VsphereError):
    """The object exists but does not carry this lab's mark; it was left untouched."""


class InUseError(VsphereError):
    """Another machine has what would be changed or deleted; it was left as it is."""


class UnreadableError(VsphereError):
    """The host does not show the object's configuration: whose it is cannot be told, so it is neither ours nor gone."""


@dataclass
class PowerStateError(VsphereError):
    """A power operation met another state than it expected (states as in vim: poweredOn, poweredOff, suspended)."""

    doing: str
    existing: str

    def __str__(self) -> str:
        return f"{self.doing}: the machine is {self.existing}"
