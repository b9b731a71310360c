"""Uploads an OVA's disks through an HttpNfcLease, which is kept alive meanwhile and given back on failure."""

import hashlib
import http.client
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from provider.vsphere.api import collector
from provider.vsphere.api.faults import translate
from provider.vsphere.api.sdk import Facts, vim, vmodl
from provider.vsphere.api.session import BROKEN, HTTP_SECONDS
from provider.vsphere.cancel import Deadline
from provider.vsphere.errors import VsphereError
from provider.vsphere.images.archive import CHUNK, Content
from provider.vsphere.images.inspection import Image
from provider.vsphere.place import Place

READY_SECONDS = 300.0
KEEP_ALIVE_SECONDS = 2.0
REFUSAL_SECONDS = 3.0  # a host that refuses an upload closes it before it says so of the lease


class Lease:
    """A lease as a context: completed at a good end, aborted after an exception (the host then removes all)."""

    def __init__(self, place: Place, lease: Any, doing: str) -> None:
        self._place = place
        self._session = place.session
        self._lease = lease
        self._doing = doing
        self._percent = 0
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep_alive, name="nfc-lease", daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._keeper.join()
        if error is None:
            self._session.change(self._doing, self._lease.HttpNfcLeaseComplete)
        elif not self._session.cancel.abandoned:
            with self._session.cancel.shielded(), suppress(VsphereError):  # the host ends a lease by itself, too
                self._session.change(self._doing, self._lease.HttpNfcLeaseAbort, None)

    def wait_until_ready(self) -> Any:
        """The HttpNfcLeaseInfo. Raises the lease's error."""

        def done(facts: Facts) -> Facts | None:
            return dict(facts) if str(facts.get("state")) in ("ready", "error") else None

        paths = ["state", "error", "info"]
        deadline = Deadline(min(READY_SECONDS, self._session.task_seconds))
        facts = collector.wait_for(self._session, self._doing, self._lease, paths, done, deadline)
        if facts.get("error") is not None:
            raise translate(self._doing, facts["error"])
        return facts["info"]

    def upload(self, image: Image, items: Sequence[Any], info: Any, progress: Callable[[str], None]) -> None:
        """Uploads the files that the import wants and compares the checksums that the host reports.

        Raises VsphereError; where the host refuses a file, with the lease's own error.
        """
        wanted = [(item, content) for item in items if (content := image.content(item.path)) is not None]
        asked_for = {item.path for item, _ in wanted}
        for disk in image.descriptor.disks:
            if disk.file is not None and disk.file.href not in asked_for:
                raise VsphereError(f"{self._doing}: the host does not ask for the disk {disk.file.href}; see its tasks")
        total = sum(content.size for _, content in wanted) or 1
        sent = 0
        sums: dict[str, str] = {}
        for item, content in wanted:
            device = next((device for device in info.deviceUrl if device.importKey == item.deviceId), None)
            if device is None:
                raise VsphereError(f"{self._doing}: the host offers no place for {item.path}")
            sums[device.key], sent = self._send(content, item, device, sent, total, progress)
        for entry in self._session.read(self._doing, self._lease.HttpNfcLeaseGetManifest) or []:
            if entry.sha1 and sums.get(entry.key, entry.sha1) != entry.sha1:
                raise VsphereError(f"{self._doing}: the host received other bytes than were sent; run up again")

    def _send(
        self, content: Content, item: Any, device: Any, sent: int, total: int, progress: Callable[[str], None]
    ) -> tuple[str, int]:
        digest = hashlib.sha1(usedforsecurity=False)  # the algorithm of the host's manifest
        to = self._place.upload_target(device)
        connection = http.client.HTTPSConnection(to.server, to.port, timeout=HTTP_SECONDS, context=to.context)
        try:
            connection.putrequest("PUT" if item.create else "POST", to.path)
            connection.putheader("Content-Type", "application/x-vnd.vmware-streamVmdk")
            connection.putheader("Content-Length", str(content.size))
            if item.create:
                connection.putheader("Overwrite", "t")
            connection.endheaders()
            with content.open() as stream:
                while chunk := stream.read(CHUNK):
                    self._session.cancel.check(self._doing)
                    connection.send(chunk)
                    digest.update(chunk)
                    sent += len(chunk)
                    self._percent = min(99, 100 * sent // total)
                    progress(f"uploading the image: {self._percent} %")
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            self._raise_refusal(item.path)
            raise VsphereError(f"{self._doing}: sending {item.path} failed ({error}); run up again") from None
        finally:
            connection.close()
        if response.status >= http.client.BAD_REQUEST:
            self._raise_refusal(item.path)
            raise VsphereError(f"{self._doing}: the host answered {response.status} {response.reason} to {item.path}")
        return digest.hexdigest(), sent

    def _raise_refusal(self, path: str) -> None:
        """Raises the lease's error, if it has one: what the host says at the port of uploads tells nobody why."""
        deadline = Deadline(REFUSAL_SECONDS)
        while not deadline.passed:
            try:
                facts = collector.read(self._session, self._doing, self._lease, ["state", "error"])
            except VsphereError:
                return  # a lease that cannot be asked says no more than the upload did
            if facts.get("error") is not None:
                raise translate(f"{self._doing}: the host refuses {path}", facts["error"])
            self._session.cancel.sleep(0.5, self._doing)

    def _keep_alive(self) -> None:
        """A lease without progress for some minutes is ended by the host, so it is told even if nothing moved."""
        while not self._ended.wait(KEEP_ALIVE_SECONDS):
            try:
                self._lease.HttpNfcLeaseProgress(self._percent)
            except (*BROKEN, vmodl.MethodFault, KeyError):
                continue  # the upload itself meets and reports what is wrong


def import_params(name: str, network_names: Sequence[str], network: Any | None) -> Any:
    """The parameters of CreateImportSpec: thin disks, every network of the OVA mapped to the one given."""
    mapping = [] if network is None else [vim.OvfManager.NetworkMapping(name=n, network=network) for n in network_names]
    return vim.OvfManager.CreateImportSpecParams(
        entityName=name,
        locale="US",
        diskProvisioning="thin",
        deploymentOption="",
        networkMapping=mapping,
        propertyMapping=[],
    )
