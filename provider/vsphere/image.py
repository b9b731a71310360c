"""Images: an OVA is imported once per host and datastore, into a base machine that is never powered on.

Stacks share it. Each user is a key of its own in the base machine's extraConfig, so that adding one needs no reading
first; the last user out destroys it.
"""

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from provider.vsphere import collector, files, identity, observe, spec, tasks
from provider.vsphere.cancel import Deadline
from provider.vsphere.destroy import destroy_machine
from provider.vsphere.errors import (
    AlreadyExistsError,
    BusyError,
    ForeignError,
    GoneError,
    OutcomeUnknownError,
    TimedOutError,
    VsphereError,
)
from provider.vsphere.host import EsxiHost
from provider.vsphere.image_import import import_base
from provider.vsphere.importer import importer_is_alive
from provider.vsphere.locate import extra_config
from provider.vsphere.model import ImageSource, ImportedImage, ObservedMachine
from provider.vsphere.sdk import vim

IMAGE_KEY = "kubelab.image"  # the OVA's SHA-256
USER_PREFIX = "kubelab.user."
DELETING = "deleting"
WAIT_SECONDS = 1800.0
ATTEMPTS = 4


def base_name(sha256: str) -> str:
    """Returns the base machine's name."""
    return f"kubelab-base-{sha256[:12].lower()}"


def base_uuid(sha256: str, datastore: str) -> str:
    """Returns the base machine's instance UUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"kubelab:image/{datastore}/{sha256.lower()}"))


def user_key(user: str) -> str:
    """Returns the extraConfig key of a user ("<project>/<stack>/<resource>"), which may hold no slash."""
    return USER_PREFIX + hashlib.sha256(user.encode()).hexdigest()[:16]


class Images:
    """The base machines of one host."""

    def __init__(self, host: EsxiHost, progress: Callable[[str], None]) -> None:
        self._host = host
        self._session = host.session
        self._progress = progress

    def acquire(self, source: ImageSource, user: str) -> ImportedImage:
        """Imports the image unless it is there, and notes the user. Raises VsphereError."""
        with self._host.image_lock(source.sha256):
            for attempt in range(ATTEMPTS):
                try:
                    return self._use(self._ready(source) or self._import(source, user), user, source)
                except GoneError:
                    continue  # its last user left just now
                except AlreadyExistsError as error:
                    if attempt == ATTEMPTS - 1:
                        left = files.path(source.datastore, base_name(source.sha256))
                        raise VsphereError(f"{error}; if no other run imports it, delete the folder {left}") from None
                    self._session.cancel.sleep(1, "importing an image")  # another run was faster: its import is used
        raise VsphereError(f"image {source.ova}: it is removed as often as it is imported; run up again")

    def _import(self, source: ImageSource, user: str) -> Any:
        name, instance = base_name(source.sha256), base_uuid(source.sha256, source.datastore)
        marks = {IMAGE_KEY: source.sha256.lower(), user_key(user): user}
        return import_base(self._host, source, name, instance, marks, self._progress)

    def find(self, sha256: str, datastore: str, user: str) -> ImportedImage | None:
        """Returns the image if it is there, complete, and this user is noted."""
        vm = self._locate(sha256, datastore)
        marks = self._marks(vm)
        if vm is None or marks.get(identity.PHASE_KEY) != identity.READY or user_key(user) not in marks:
            return None
        return _imported(observe.observe(self._session, vm, "reading the image"), sha256)

    def base_of(self, sha256: str, datastore: str) -> ObservedMachine:
        """Returns the base machine of a complete image. Raises GoneError if there is none."""
        vm = self._locate(sha256, datastore)
        if vm is None or self._marks(vm).get(identity.PHASE_KEY) != identity.READY:
            raise GoneError(
                f"image {base_name(sha256)}: it is not on datastore {datastore} of {self._session.name}; "
                "run pulumi refresh, then up, which imports it again"
            )
        found = observe.observe(self._session, vm, "reading the image")
        _imported(found, sha256)
        return found

    def release(self, sha256: str, datastore: str, user: str) -> None:
        """Takes the user out; the last one's leaving destroys the base machine. One that is gone is fine."""
        with self._host.image_lock(sha256):
            for attempt in range(ATTEMPTS):
                vm = self._locate(sha256, datastore)
                if vm is None:
                    return
                try:
                    self._release(vm, user, sha256)
                except GoneError:
                    return
                except (BusyError, OutcomeUnknownError):
                    if attempt == ATTEMPTS - 1:
                        raise
                else:
                    return

    def _release(self, vm: Any, user: str, sha256: str) -> None:
        doing = f"releasing image {base_name(sha256)}"
        tasks.run(self._session, doing, vm.ReconfigVM_Task, spec.phase(spec.options({user_key(user): ""})))
        version = collector.read(self._session, doing, vm, ["config.changeVersion"]).get("config.changeVersion")
        if any(key.startswith(USER_PREFIX) for key in self._marks(vm)):
            return
        leaving = vim.vm.ConfigSpec(
            changeVersion=version, extraConfig=spec.options({identity.PHASE_KEY: DELETING})
        )  # refused by the host if a user came in between
        tasks.run(self._session, doing, vm.ReconfigVM_Task, leaving)
        self._progress("destroying the image: nobody uses it any more")
        destroy_machine(self._host, vm, base_name(sha256))

    def _use(self, vm: Any, user: str, source: ImageSource) -> ImportedImage:
        doing = f"using image {base_name(source.sha256)}"
        if self._marks(vm).get(user_key(user)) != user:
            tasks.run(self._session, doing, vm.ReconfigVM_Task, spec.phase(spec.options({user_key(user): user})))
        if self._marks(vm).get(identity.PHASE_KEY) != identity.READY:
            raise GoneError(doing)
        return _imported(observe.observe(self._session, vm, doing), source.sha256)

    def _ready(self, source: ImageSource) -> Any | None:
        """Returns the complete base machine; waits for one being made, removes one that nobody makes any more."""
        deadline = Deadline(WAIT_SECONDS)
        doing = f"waiting for another run that imports image {base_name(source.sha256)}"
        while True:
            vm = self._locate(source.sha256, source.datastore)
            marks = self._marks(vm)
            if vm is None or marks.get(identity.PHASE_KEY) == identity.READY:
                return vm
            if not importer_is_alive(self._session, marks):
                self._progress("removing the image that an interrupted run left unfinished")
                destroy_machine(self._host, vm, base_name(source.sha256))
                return None
            if deadline.passed:
                raise TimedOutError(f"{doing}: not done after {deadline.seconds:g} s")
            self._progress("waiting for another run that imports the same image")
            self._session.cancel.sleep(1, doing)

    def _locate(self, sha256: str, datastore: str) -> Any | None:
        name = base_name(sha256)
        vm = self._host.find_by_uuid(base_uuid(sha256, datastore)) or self._host.find_by_name(name)
        if vm is None:
            return None
        try:
            holds = extra_config(self._host, vm).get(IMAGE_KEY)
        except GoneError:
            return None
        if holds != sha256.lower():
            raise ForeignError(
                f"image {name}: {self._session.name} has a machine of that name that does not hold this image; "
                "it was left untouched; rename or remove it yourself"
            )
        return vm

    def _marks(self, vm: Any | None) -> dict[str, str]:
        try:
            return {} if vm is None else extra_config(self._host, vm)
        except GoneError:
            return {}


def _imported(found: ObservedMachine, sha256: str) -> ImportedImage:
    if not found.disks:
        raise VsphereError(
            f"image {base_name(sha256)}: its base machine has no disk; remove it on the host and run up again"
        )
    files.split(found.disks[0].path)
    return ImportedImage(found.disks[0].path, found.disks[0].capacity)
