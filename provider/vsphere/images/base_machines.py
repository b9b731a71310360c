"""Images: an OVA is imported once per host and datastore, into a base machine that is never powered on.

Stacks share it. Each user is a key of its own in the base machine's extraConfig, so that adding one needs no reading
first; the last user out destroys it.
"""

from collections.abc import Callable, Mapping

from provider.vsphere import identity, paths
from provider.vsphere.cancel import Deadline
from provider.vsphere.errors import (
    AlreadyExistsError,
    BusyError,
    ForeignError,
    GoneError,
    OutcomeUnknownError,
    TimedOutError,
    VsphereError,
)
from provider.vsphere.identity import IMAGE_KEY, PHASE_KEY, READY, base_name, base_uuid, user_key
from provider.vsphere.images.importing import import_base, importer_is_alive
from provider.vsphere.machine import Machine, find_by_name, find_by_uuid
from provider.vsphere.model import ImageSource, ImportedImage, ObservedMachine
from provider.vsphere.place import Place

WAIT_SECONDS = 1800.0
ATTEMPTS = 4


class Images:
    """The base machines of one place."""

    def __init__(self, place: Place, progress: Callable[[str], None]) -> None:
        self._place = place
        self._session = place.session
        self._progress = progress

    def acquire(self, source: ImageSource, user: str) -> ImportedImage:
        """Imports the image unless it is there, and notes the user. Raises VsphereError."""
        with self._place.turns.image(source.sha256):
            for attempt in range(ATTEMPTS):
                try:
                    return self._use(self._ready(source) or self._import(source, user), user, source)
                except GoneError:
                    continue  # its last user left just now
                except AlreadyExistsError as error:
                    if attempt == ATTEMPTS - 1:
                        left = paths.path(source.datastore, base_name(source.sha256))
                        raise VsphereError(f"{error}; if no other run imports it, delete the folder {left}") from None
                    self._session.cancel.sleep(1, "importing an image")  # another run was faster: its import is used
        raise VsphereError(f"image {source.ova}: it is removed as often as it is imported; run up again")

    def _import(self, source: ImageSource, user: str) -> Machine:
        name, instance = base_name(source.sha256), base_uuid(source.sha256, source.datastore)
        marks = {IMAGE_KEY: source.sha256.lower(), user_key(user): user}
        return import_base(self._place, source, name, instance, marks, self._progress)

    def find(self, sha256: str, datastore: str, user: str) -> ImportedImage | None:
        """The image if it is there, complete, and this user is noted."""
        machine = self._locate(sha256, datastore)
        marks = _marks(machine)
        if machine is None or marks.get(PHASE_KEY) != READY or user_key(user) not in marks:
            return None
        return _imported(machine.observe("reading the image"), sha256)

    def base_of(self, sha256: str, datastore: str) -> ObservedMachine:
        """The base machine of a complete image. Raises GoneError if there is none."""
        machine = self._locate(sha256, datastore)
        if machine is None or _marks(machine).get(PHASE_KEY) != READY:
            raise GoneError(
                f"image {base_name(sha256)}: it is not on datastore {datastore} of {self._session.name}; "
                "run pulumi refresh, then up, which imports it again"
            )
        found = machine.observe("reading the image")
        _imported(found, sha256)
        return found

    def release(self, sha256: str, datastore: str, user: str) -> None:
        """Takes the user out; the last one's leaving destroys the base machine. One that is gone is fine."""
        with self._place.turns.image(sha256):
            for attempt in range(ATTEMPTS):
                machine = self._locate(sha256, datastore)
                if machine is None:
                    return
                try:
                    self._release(machine, user, sha256)
                except GoneError:
                    return
                except (BusyError, OutcomeUnknownError):
                    if attempt == ATTEMPTS - 1:
                        raise
                else:
                    return

    def _release(self, machine: Machine, user: str, sha256: str) -> None:
        doing = f"releasing image {base_name(sha256)}"
        machine.mark(doing, {user_key(user): ""})
        version = machine.change_version(doing)
        if any(key.startswith(identity.USER_PREFIX) for key in _marks(machine)):
            return
        machine.mark(doing, {PHASE_KEY: identity.DELETING}, version)  # refused if a user came in between
        self._progress("destroying the image: nobody uses it any more")
        machine.destroy()

    def _use(self, machine: Machine, user: str, source: ImageSource) -> ImportedImage:
        doing = f"using image {base_name(source.sha256)}"
        if _marks(machine).get(user_key(user)) != user:
            machine.mark(doing, {user_key(user): user})
        if _marks(machine).get(PHASE_KEY) != READY:
            raise GoneError(doing)
        return _imported(machine.observe(doing), source.sha256)

    def _ready(self, source: ImageSource) -> Machine | None:
        """The complete base machine; waits for one being made, removes one that nobody makes any more."""
        deadline = Deadline(WAIT_SECONDS)
        doing = f"waiting for another run that imports image {base_name(source.sha256)}"
        while True:
            machine = self._locate(source.sha256, source.datastore)
            marks = _marks(machine)
            if machine is None or marks.get(PHASE_KEY) == READY:
                return machine
            if not importer_is_alive(self._session, marks):
                self._progress("removing the image that an interrupted run left unfinished")
                machine.destroy()
                return None
            if deadline.passed:
                raise TimedOutError(f"{doing}: not done after {deadline.seconds:g} s")
            self._progress("waiting for another run that imports the same image")
            self._session.cancel.sleep(1, doing)

    def _locate(self, sha256: str, datastore: str) -> Machine | None:
        name = base_name(sha256)
        machine = find_by_uuid(self._place, base_uuid(sha256, datastore), name) or find_by_name(self._place, name)
        if machine is None:
            return None
        try:
            holds = machine.marks().get(IMAGE_KEY)
        except GoneError:
            return None
        if holds != sha256.lower():
            raise ForeignError(
                f"image {name}: {self._session.name} has a machine of that name that does not hold this image; "
                "it was left untouched; rename or remove it yourself"
            )
        return machine


def _marks(machine: Machine | None) -> Mapping[str, str]:
    try:
        return {} if machine is None else machine.marks()
    except GoneError:
        return {}


def _imported(found: ObservedMachine, sha256: str) -> ImportedImage:
    if not found.disks:
        raise VsphereError(
            f"image {base_name(sha256)}: its base machine has no disk; remove it on the host and run up again"
        )
    paths.split(found.disks[0].path)
    return ImportedImage(found.disks[0].path, found.disks[0].capacity)
