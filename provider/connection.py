"""The configured place: one login per process, made at the first use.

The one module that knows which kinds of place there are. Whatever speaks to a host is imported here, by the call that
needs it: a run that changes no machine asks for none, and starts without pyvmomi.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from provider.configuration import Configuration
from provider.vsphere.cancel import CancelToken
from provider.vsphere.endpoint import unverified
from provider.vsphere.errors import VsphereError

if TYPE_CHECKING:
    from provider.vsphere.conditions.reading import Preflight
    from provider.vsphere.images.base_machines import Images
    from provider.vsphere.machines import Machines
    from provider.vsphere.model import AskSsh
    from provider.vsphere.place import Place

Progress = Callable[[str], None]


class Connection:
    """Holds the configuration and the place that it names."""

    def __init__(self, cancel: CancelToken, warn: Progress, ask_ssh: "AskSsh | None" = None) -> None:
        self._cancel = cancel
        self._warn = warn
        self._ask_ssh = ask_ssh
        self._lock = threading.Lock()
        self._configuration = Configuration()
        self._place: Place | None = None
        self._preflight: Preflight | None = None

    def configure(self, configuration: Configuration) -> None:
        """Takes the configuration; an earlier login ends."""
        self.close()
        with self._lock:
            self._configuration = configuration

    @property
    def owner(self) -> str | None:
        """ "<project>/<stack>", None if not known."""
        return self._configuration.owner

    def machines(self, progress: Progress) -> "Machines":
        """The machines of the place. Raises VsphereError if the configuration is not complete."""
        from provider.guest_ssh import ask_ssh
        from provider.vsphere.machines import Machines

        return Machines(self._connected(), progress, self._ask_ssh or ask_ssh)

    def images(self, progress: Progress, tell: Progress) -> "Images":
        """The images of the place. Raises VsphereError if the configuration is not complete."""
        from provider.vsphere.images.base_machines import Images

        return Images(self._connected(), progress, tell)

    def preflight(self, warn: Progress) -> None:
        """Asks the host, once, for what would keep this run from its end.

        Raises RefusedError with all of it, VsphereError if the host cannot be asked or the configuration is incomplete.
        """
        from provider.vsphere.conditions import reading

        place = self._connected()
        with self._lock:
            if self._preflight is None:
                owner, machines = self._configuration.owner or "", self._configuration.machines
                self._preflight = reading.Preflight(
                    lambda: reading.conditions(place, owner, machines), place.session.name, warn
                )
            preflight = self._preflight
        preflight.passed()

    def close(self) -> None:
        """Logs out, if logged in."""
        with self._lock:
            place, self._place, self._preflight = self._place, None, None
        if place is not None:
            place.session.close()

    def _connected(self) -> "Place":
        from provider.vsphere import standalone_host

        with self._lock:
            if self._configuration.endpoint is None:
                raise VsphereError(
                    "the provider's configuration is not complete yet: server, user and password are needed"
                )
            if self._place is None:
                warning = unverified(self._configuration.endpoint)
                if warning:
                    self._warn(warning)
                self._place = standalone_host.connected(self._configuration.endpoint, self._cancel)
            return self._place
