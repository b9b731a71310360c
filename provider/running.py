"""Running: the operations that the plugin is asked for, which end within two seconds when the engine cancels them."""

import threading
from collections.abc import Callable
from typing import TypeVar

from provider.vsphere.cancel import CancelToken
from provider.vsphere.errors import CancelledError

T = TypeVar("T")
ANSWERS_SECONDS = 5.0  # for the engine to have all answers, before the host is logged out of


class Running:
    """Counts operations; `log_out` is called once a cancelled run has none any more."""

    def __init__(self, cancel: CancelToken, log_out: Callable[[], None]) -> None:
        self._cancel = cancel
        self._log_out = log_out
        self._changed = threading.Condition()
        self._count = 0

    def run(self, name: str, operation: Callable[[], T]) -> T:
        """The result of an operation on resource `name`. One that does not end in time after a cancel is left alone.

        It can change nothing any more then. Raises CancelledError, and what the operation raises.
        """
        with self._changed:
            self._count += 1
        try:
            return self._cancel.beside(name, operation, cleans_up=True)
        except CancelledError as error:
            if str(error) != f"{name}: cancelled":
                raise
            raise CancelledError(
                f"{error}, while the host had not answered: whether it did what it was asked last is not known; what "
                "is there is marked, and the next up goes on with it"
            ) from None
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def cancel(self) -> None:
        """Cancels all, and has the host logged out of once they are answered."""
        self._cancel.cancel()
        threading.Thread(target=self._end, name="cancelled", daemon=True).start()

    def _end(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._count, ANSWERS_SECONDS)
        self._log_out()
