"""The configured host: one login per process, made at the first use."""

import threading
from dataclasses import dataclass

from provider.vsphere.cancel import CancelToken
from provider.vsphere.errors import VsphereError
from provider.vsphere.host import EsxiHost
from provider.vsphere.session import Endpoint, Session


@dataclass(frozen=True)
class Configuration:
    """What the provider was configured with; None for what a preview does not know yet."""

    endpoint: Endpoint | None
    owner: str | None


class Hosts:
    """Holds the configuration and the host that it names."""

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel
        self._lock = threading.Lock()
        self._configuration = Configuration(None, None)
        self._host: EsxiHost | None = None

    def configure(self, configuration: Configuration) -> None:
        """Takes the configuration; an earlier login ends."""
        self.close()
        with self._lock:
            self._configuration = configuration

    @property
    def owner(self) -> str | None:
        """ "<project>/<stack>", None if not known."""
        return self._configuration.owner

    def host(self) -> EsxiHost:
        """Returns the host. Raises VsphereError if the configuration is not complete."""
        with self._lock:
            if self._configuration.endpoint is None:
                raise VsphereError(
                    "the provider's configuration is not complete yet: server, user and password are needed"
                )
            if self._host is None:
                self._host = EsxiHost(Session(self._configuration.endpoint, self._cancel))
            return self._host

    def close(self) -> None:
        """Logs out, if logged in."""
        with self._lock:
            host, self._host = self._host, None
        if host is not None:
            host.session.close()
