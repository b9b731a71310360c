"""Images: an OVA is imported once per host and datastore, into a base machine that is never powered on.

Stacks share it. Each user is a key of its own in the base machine's extraConfig, so that adding one needs no reading
first; the last user out destroys it. One that was started has had its disk written to, and is imported anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from provider.vsphere import identity
from provider.vsphere.api import collector
from provider.vsphere.cancel import Deadline
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import (
    AlreadyExistsError,
    BusyError,
    ForeignError,
    GoneError,
    OutcomeUnknownError,
    VsphereError,
)
from provider.vsphere.finding import find_by_name, find_by_uuid, refuse_if_unreadable
from provider.vsphere.identity import IMAGE_KEY, PHASE_KEY, READY, base_name, base_uuid, user_key
from provider.vsphere.images import content, templates
from provider.vsphere.images.importing import import_base, importer_is_alive
from provider.vsphere.lifecycle.destruction import destroy
from provider.vsphere.machine import Machine
from provider.vsphere.model import ImageSource, ImportedImage, ObservedMachine
from provider.vsphere.place import Cloning, Place, home_of

WAIT_SECONDS = 1800.0
ATTEMPTS = 4


class Images:
    """The base machines of one place."""

    def __init__(
        self, place: Place, progress: Callable[[str], None], tell: Callable[[str], None] | None = None
    ) -> None:
        """`progress` is told in a few words what is being done, `tell` what a user should know of an image."""
        self._place = place
        self._session = place.session
        self._progress = progress
        self._tell = tell or progress

    def acquire(self, source: ImageSource, user: str) -> ImportedImage:
        """Imports the image unless it is there, and notes the user. Raises VsphereError.

        A template that exists is only looked at.
        """
        if source.template:
            return templates.looked_at(self._place, source)
        others: dict[str, str] = {}
        with self._place.turns.image(source.sha256):
            for attempt in range(ATTEMPTS):
                try:
                    users = {user_key(user): user}
                    machine = self._ready(source, others) or self._import(source, others | users, attempt)
                    return self._use(machine, user, source)
                except GoneError:
                    continue  # its last user left just now
                except AlreadyExistsError as error:
                    if attempt == ATTEMPTS - 1:
                        raise VsphereError(
                            f"{error}; no machine of {self._session.name} is in that folder, so whose it is cannot "
                            "be told, and it was left as it is; see what it holds, or choose another datastore"
                        ) from None
                    self._session.cancel.sleep(1, "importing an image")  # another run was faster: its import is used
        raise VsphereError(f"image {source.ova}: it is removed as often as it is imported; run up again")

    def _import(self, source: ImageSource, users: Mapping[str, str], attempt: int) -> Machine:
        """A folder that stays taken is of another host that has this datastore: then this host's own name is added."""
        name, instance = self._called(source.sha256, source.datastore, self._own_gib(source))
        directory = name if attempt < ATTEMPTS // 2 else f"{name}-{self._place.identity}"
        marks = {IMAGE_KEY: source.sha256.lower(), **users}
        return import_base(self._place, source, name, directory, instance, marks, self._progress, self._tell)

    def find_template(self, name: str) -> ImportedImage | None:
        """A template that exists, None if it is gone or has become unfit, which the next up says."""
        return templates.find(self._place, name)

    def _own_gib(self, source: ImageSource) -> int:
        """Linked clones have the disk's size of what they are linked to: so there is a base machine for each size."""
        return source.least_disk_gib if self._place.cloning is Cloning.LINKED else 0

    def _called(self, sha256: str, datastore: str, disk_gib: int) -> tuple[str, str]:
        """Name and instance UUID of a base machine."""
        scope = self._place.image_scope(datastore)
        return base_name(sha256, disk_gib), base_uuid(sha256, scope, disk_gib)

    def find(self, sha256: str, datastore: str, user: str, disk_gib: int = 0) -> ImportedImage | None:
        """The image if it is there, complete, and this user is noted; `disk_gib` where its disk was made that size."""
        machine = self._locate(sha256, datastore, disk_gib)
        marks = _marks(machine)
        if machine is None or marks.get(PHASE_KEY) != READY or user_key(user) not in marks:
            return None
        found = machine.observe("reading the image")
        return None if self._change(found, datastore) else _imported(found)

    def base_of(self, desired: DesiredMachine) -> tuple[Machine, ObservedMachine]:
        """What a machine is made of, with the image's disk alone: a complete image's base machine, or a template.

        Raises GoneError if there is none, VsphereError if it is unfit.
        """
        if desired.template:
            return templates.existing(self._place, desired.template)
        sha256, datastore = desired.image_sha256, desired.datastore
        linked = self._place.cloning is Cloning.LINKED
        machine = self._locate(sha256, datastore, desired.disk_gib if linked else 0)
        if machine is None or _marks(machine).get(PHASE_KEY) != READY:
            raise GoneError(
                f"image {base_name(sha256)}: it is not on datastore {datastore} of {self._session.name}; "
                "run pulumi refresh, then up, which imports it again"
            )
        found = machine.observe("reading the image")
        changed = self._change(found, datastore)
        if changed:
            raise VsphereError(
                f"image {base_name(sha256)}: {changed}: it was started or changed since it was imported, and "
                "machines made of it would all have one machine-id; "
                f"{'power it off, ' if found.powered_on else ''}run pulumi refresh, then up, which imports it anew"
            )
        return machine, replace(found, disks=(found.made_disks[0],))

    def _change(self, found: ObservedMachine, datastore: str) -> str | None:
        home = home_of(self._place, datastore, found.vmx_path)
        return content.change(self._place, home, found, found.extra_config)

    def release(self, sha256: str, datastore: str, user: str, disk_gib: int = 0) -> None:
        """Takes the user out; the last one's leaving destroys the base machine. One that is gone is fine."""
        with self._place.turns.image(sha256):
            for attempt in range(ATTEMPTS):
                machine = self._locate(sha256, datastore, disk_gib)
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
        templates.mark(self._place, machine, doing, {user_key(user): ""})
        version = machine.change_version(doing)
        if any(key.startswith(identity.USER_PREFIX) for key in _marks(machine)) or templates.is_read(
            self._place, machine, self._tell
        ):
            templates.to_template(self._place, machine, doing)
            return
        machine.mark(doing, {PHASE_KEY: identity.DELETING}, version)  # refused if a user came in between
        self._progress("destroying the image: nobody uses it any more")
        self._destroy(machine)

    def _destroy(self, machine: Machine) -> None:
        try:
            destroy(self._place, machine)
        finally:
            self._session.recent.forget("base")

    def _use(self, machine: Machine, user: str, source: ImageSource) -> ImportedImage:
        doing = f"using image {base_name(source.sha256)}"
        if _marks(machine).get(user_key(user)) != user:
            templates.mark(self._place, machine, doing, {user_key(user): user})
        templates.to_template(self._place, machine, doing)
        if _marks(machine).get(PHASE_KEY) != READY:
            raise GoneError(doing)
        return replace(_imported(machine.observe(doing)), name=base_name(source.sha256, self._own_gib(source)))

    def _unchanged(self, machine: Machine, source: ImageSource, users: dict[str, str]) -> Machine | None:
        """The complete base machine if it is as it was imported; else it is removed, and its users are noted."""
        found = machine.observe("reading the image")
        changed = self._change(found, source.datastore)
        if changed is None:
            return machine
        if found.powered_on:
            raise VsphereError(
                f"image {base_name(source.sha256)}: its base machine, which is only there to be copied, is powered on; "
                "power it off, then run up again, which imports it anew"
            )
        if templates.is_read(self._place, machine, self._tell):
            raise VsphereError(
                f"image {base_name(source.sha256)}: {changed}: it was started or changed since it was imported, and "
                "machines read its disk, so it was left as it is; rename it there, then run up again, which imports it "
                "anew beside it"
            )
        self._progress(f"importing the image anew: {changed}")
        kept = found.extra_config.items()
        users.update({key: value for key, value in kept if key.startswith(identity.USER_PREFIX)})
        templates.to_machine(self._place, machine, "removing the image")
        self._destroy(machine)
        return None

    def _ready(self, source: ImageSource, users: dict[str, str]) -> Machine | None:
        """The complete base machine; waits for one being made, removes one that nobody makes any more.

        The users of one that was changed, and is removed therefore, are added to `users`.
        """
        deadline = Deadline(WAIT_SECONDS)
        doing = f"waiting for another run that imports image {base_name(source.sha256)}"
        while True:
            machine = self._locate(source.sha256, source.datastore, self._own_gib(source))
            marks = _marks(machine)
            if machine is None:
                return None
            if marks.get(PHASE_KEY) == READY:
                return self._unchanged(machine, source, users)
            if not importer_is_alive(self._session, marks):
                self._progress("removing the image that an interrupted run left unfinished")
                self._destroy(machine)
                return None
            if deadline.passed:
                raise collector.timed_out(self._session, doing, deadline)
            self._progress("waiting for another run that imports the same image")
            self._session.cancel.sleep(1, doing)

    def _locate(self, sha256: str, datastore: str, disk_gib: int) -> Machine | None:
        name, instance = self._called(sha256, datastore, disk_gib)
        machine = find_by_uuid(self._place, instance, name) or find_by_name(self._place, name)
        if machine is None:
            refuse_if_unreadable(self._place, name, name)
            return None
        try:
            holds = machine.marks().get(IMAGE_KEY)
        except GoneError:
            return None
        if holds != sha256.lower():
            raise ForeignError(
                f"image {name}: {self._session.name} has a machine of that name that does not hold this image; "
                "it was left untouched; rename that machine on the host, then run up again"
            )
        return machine


def _marks(machine: Machine | None) -> Mapping[str, str]:
    try:
        return {} if machine is None else machine.marks()
    except GoneError:
        return {}


def _imported(found: ObservedMachine) -> ImportedImage:
    disk = found.made_disks[0]
    return ImportedImage(disk.path, disk.capacity)
