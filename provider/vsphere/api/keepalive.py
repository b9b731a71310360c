"""KeepAlive: tells a host once in a while that a session is in use; hosts end idle ones after half an hour."""

import threading
from collections.abc import Callable
from contextlib import suppress

from provider.vsphere.errors import VsphereError

SECONDS = 600.0


class KeepAlive:
    """Calls `tell` every so many seconds from `start` to `stop`. What fails is tried again, and met by who needs it."""

    def __init__(self, tell: Callable[[], object], seconds: float = SECONDS) -> None:
        self._tell = tell
        self._seconds = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keep-alive", daemon=True)

    def start(self) -> None:
        """Once."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it; may be called before `start`, and again."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            with suppress(VsphereError):
                self._tell()
