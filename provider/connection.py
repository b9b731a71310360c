"""One target's place: one login per process, made at the first use.

The one module that knows which kinds of place there are. Whatever speaks to a host is imported here, by the call that
needs it: a run that changes no machine asks for none, and starts without pyvmomi.
"""

import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from provider.configuration import Configuration
from provider.vsphere.cancel import CancelToken
from provider.vsphere.endpoint import unverified
from provider.vsphere.errors import VsphereError

if TYPE_CHECKING:
    from provider.vsphere.conditions.findings import Finding
    from provider.vsphere.conditions.room import Room
    from provider.vsphere.conditions.space import Taken
    from provider.vsphere.images.base_machines import Images
    from provider.vsphere.machines import Machines
    from provider.vsphere.model import AskSsh
    from provider.vsphere.place import Place

Progress = Callable[[str], None]


class Connection:
    """Holds the configuration and the place that it names."""

    def __init__(
        self, cancel: CancelToken, ask_ssh: "AskSsh | None" = None, warn: Callable[[str], object] = str
    ) -> None:
        self._cancel = cancel
        self._ask_ssh = ask_ssh
        self._warn = warn
        self._lock = threading.Lock()
        self._configuration = Configuration()
        self._place: Place | None = None

    def configure(self, configuration: Configuration) -> None:
        """Takes the configuration; an earlier login ends."""
        self.close()
        with self._lock:
            self._configuration = configuration

    def machines(self, progress: Progress) -> "Machines":
        """The machines of the place. Raises VsphereError if the configuration is not complete."""
        from provider.guest_ssh import ask_ssh
        from provider.vsphere.machines import Machines

        return Machines(self._connected(), progress, self._ask_ssh or ask_ssh)

    def images(self, progress: Progress, tell: Progress) -> "Images":
        """The images of the place. Raises VsphereError if the configuration is not complete."""
        from provider.vsphere.images.base_machines import Images

        return Images(self._connected(), progress, tell)

    def conditions(self, more: str, taken: "Callable[[Taken], object]" = str) -> "list[Finding]":
        """What would keep this run from its end on this target: of its own machines and of `more`, a JSON list of such.

        `taken` is told what they take of its datastores. Raises VsphereError if the host cannot be asked or the
        configuration is incomplete.
        """
        from provider.vsphere.conditions import reading, wanted

        owner, machines = self._configuration.owner or "", self._configuration.machines
        return reading.conditions(self._connected(), owner, [*machines, *wanted.parsed(more)], taken)

    def room(self, names: Collection[str]) -> "Room":
        """Free memory, and which machines of these names are there and of this owner. Raises VsphereError."""
        from provider.vsphere.conditions import memory

        return memory.room(self._connected(), self._configuration.owner or "", names)

    def called(self, name: str) -> str:
        """The target in messages: its name, if it has one, and its server."""
        endpoint = self._configuration.endpoint
        server = endpoint.server if endpoint else "the host"
        return f"{name} ({server})" if name else server

    def close(self) -> None:
        """Logs out, if logged in."""
        with self._lock:
            place, self._place = self._place, None
        if place is not None:
            place.session.close()

    def _connected(self) -> "Place":
        from provider.vsphere import places

        with self._lock:
            endpoint, placement = self._configuration.endpoint, self._configuration.placement
            if endpoint is None:
                raise VsphereError(
                    "the provider's configuration is not complete yet: server, user and password are needed"
                )
            if self._place is None:
                warning = unverified(endpoint)
                if warning:
                    self._warn(warning)
                self._place = places.connected(endpoint, placement, self._cancel)
            return self._place
