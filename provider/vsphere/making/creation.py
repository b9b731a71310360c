"""Creation: from nothing to a machine that exists, powered off and marked as ours.

An interrupted earlier run may have left a machine (it is adopted, or made anew if it was made from other things and
never finished) or a folder without a machine. What may be done with that is in leftovers.py.
"""

from collections.abc import Callable
from contextlib import suppress

from provider.vsphere import files, identity, paths, spec
from provider.vsphere.api import tasks
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import (
    AlreadyExistsError,
    CancelledError,
    ForeignError,
    OutcomeUnknownError,
    TimedOutError,
    UnreadableError,
    VsphereError,
)
from provider.vsphere.finding import find_ours
from provider.vsphere.images.base_machines import Images
from provider.vsphere.lifecycle.destruction import destroy
from provider.vsphere.machine import Machine
from provider.vsphere.making import cloning, leftovers
from provider.vsphere.making.cloudinit import seed
from provider.vsphere.making.parts import Parts, parts_of
from provider.vsphere.place import Datastore, Place

ATTEMPTS = 4


class _FolderTakenError(Exception):
    """The machine's folder is there before anything was made in it."""

    def __init__(self, found: AlreadyExistsError) -> None:
        super().__init__()
        self.found = found


class Creation:
    """Makes machines in one place."""

    def __init__(self, place: Place, progress: Callable[[str], None]) -> None:
        self._place = place
        self._session = place.session
        self._progress = progress

    def adopt_or_make(self, desired: DesiredMachine, mark: str) -> Machine:
        """The machine: an adopted or a new one. Raises VsphereError; nothing new is left then."""
        instance = identity.instance_uuid(mark)
        existing = self._found(instance, desired)
        if existing is not None and self._fits(existing, desired):
            self._progress("finishing what an interrupted run began")
            return self._completed(existing, desired)
        try:
            parts = parts_of(self._place, desired, self._progress)
            return self._completed(self._make(desired, mark, parts), desired)
        except VsphereError:
            self._place.turns.promises.take_back(desired.name)
            raise

    def _found(self, instance: str, desired: DesiredMachine) -> Machine | None:
        """As `find_ours`: whose a machine is that is being cloned just now, for a run that ended, nothing tells yet."""
        try:
            return find_ours(self._place, instance, desired.name)
        except (ForeignError, UnreadableError) as error:
            if self._place.cloning is None:
                raise
            found = error
        source = None
        with suppress(VsphereError):  # without an image there is nothing that is being cloned
            source, _ = Images(self._place, self._progress).base_of(desired)
        try:
            self._settle(f"creating machine {desired.name}", source)
        except TimedOutError:
            raise found from None
        return find_ours(self._place, instance, desired.name)

    def _settle(self, doing: str, source: Machine | None) -> None:
        """A host alone is ours; in a vCenter others make machines as well."""
        of = None if self._place.cloning is None else [self._place.folder, *([source.ref] if source else [])]
        tasks.settle(self._session, doing, of=of)

    def _completed(self, machine: Machine, desired: DesiredMachine) -> Machine:
        """A clone is not yet what it is to be; one that cannot become it is removed, as it is ours and new."""
        if self._place.cloning is None:
            return machine
        try:
            cloning.complete(self._place, machine, desired)
        except cloning.UnfitError:
            destroy(self._place, machine)
            raise
        return machine

    def _unregistered(self, desired: DesiredMachine, instance: str) -> Machine | None:
        """The machine that somebody took out of the inventory, back in it."""
        directory = paths.directory(desired.name, instance)
        for home in self._place.datastores(desired.datastore):
            found = leftovers.registered_again(
                self._place, home, directory, desired.name, lambda marks: identity.is_ours(instance, marks)
            )
            if found is not None:
                return found
        return None

    def _fits(self, machine: Machine, desired: DesiredMachine) -> bool:
        """False if there is none any more: one made from other things and never finished is removed here."""
        marks = machine.marks()
        if marks.get(identity.SEED_KEY) == seed(desired):
            return True
        if marks.get(identity.PHASE_KEY) == identity.READY:
            raise VsphereError(
                f"machine {desired.name}: it exists, finished, but was made from another image, network, address or "
                "keys; "
                "delete it on the host if it is not needed any more, then run up again"
            )
        self._progress("removing the unfinished machine of an interrupted run")
        destroy(self._place, machine)
        return False

    def _make(self, desired: DesiredMachine, mark: str, parts: Parts) -> Machine:
        instance = identity.instance_uuid(mark)
        directory = paths.directory(desired.name, instance)
        for attempt in range(ATTEMPTS):
            try:
                return self._make_once(desired, mark, parts, directory, again=attempt > 0)
            except _FolderTakenError as taken:
                if attempt == ATTEMPTS - 1:
                    raise taken.found from None
                existing = self._unregistered(desired, instance)
                if existing is not None and self._fits(existing, desired):
                    return existing
                self._empty_folder(desired.name, parts, directory)
            except VsphereError as error:
                existing = self._look_after(error, desired, instance, parts)
                if existing is not None:
                    return existing
                if not isinstance(error, OutcomeUnknownError) or attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _make_once(self, desired: DesiredMachine, mark: str, parts: Parts, directory: str, *, again: bool) -> Machine:
        if self._place.cloning is not None:
            self._have_no_folder(parts.datastore, directory, again=again)
            self._progress("cloning")
            try:
                of = (parts.source, parts.datastore, parts.network)
                return cloning.clone(self._place, desired, mark, *of, directory)
            finally:
                files.forget_folders(self._place)
        self._have_folder(parts.datastore.path(directory))
        disk = parts.datastore.path(directory, f"{desired.name}.vmdk")
        self._progress("copying the image's disk")
        files.copy_disk(self._place, parts.image.disks[0].path, disk)
        nvram = parts.image.extra_config.get(identity.NVRAM_KEY)
        if nvram:
            own = parts.datastore.path(directory, f"{desired.name}.nvram")
            files.copy_file(self._place, f"{parts.image.folder}{nvram}", own)
        self._progress("creating")
        wanted = spec.first_spec(desired, parts.image, mark, disk, parts.network.nic_backing)
        create, where = self._place.folder.CreateVM_Task, (self._place.pool, self._place.host)
        ref = tasks.run(self._session, f"creating machine {desired.name}", create, wanted, *where)
        return Machine(self._session, ref, desired.name)

    def _have_no_folder(self, home: Datastore, directory: str, *, again: bool) -> None:
        """A vCenter makes a clone's folder, and another one where that is taken."""
        look = files.exists if again else files.existed
        if look(self._place, home, directory):
            raise _FolderTakenError(AlreadyExistsError(f"folder {home.path(directory)} is there"))

    def _have_folder(self, folder: str) -> None:
        """Only where there is one already, what it holds is looked at: a host takes long to list it."""
        try:
            files.make_directory(self._place, folder)
        except AlreadyExistsError as found:
            raise _FolderTakenError(found) from None

    def _empty_folder(self, name: str, parts: Parts, directory: str) -> None:
        self._progress("removing the folder that an interrupted run left")
        self._settle(f"emptying folder {parts.datastore.path(directory)}", parts.source)
        leftovers.empty(self._place, parts.datastore, directory, name)

    def _look_after(self, error: VsphereError, desired: DesiredMachine, instance: str, parts: Parts) -> Machine | None:
        """After a failure: returns the machine if it came to be nevertheless, else removes its folder."""
        cancel, home = self._session.cancel, parts.datastore
        if cancel.abandoned or isinstance(error, ForeignError):
            raise error
        with cancel.shielded():
            try:
                if isinstance(error, OutcomeUnknownError):
                    self._settle(f"creating machine {desired.name}", parts.source)
                existing = find_ours(self._place, instance, desired.name)
            except ForeignError as foreign:
                self._remove(desired, instance, home, foreign)
                raise foreign from None
            except CancelledError:
                raise self._left(desired, instance, home, error) from None
            except VsphereError as second:
                raise VsphereError(f"{error}; then, looking at what is there: {second}") from None
            if existing is None:
                self._remove(desired, instance, home, error)
        return existing

    def _remove(self, desired: DesiredMachine, instance: str, home: Datastore, error: VsphereError) -> None:
        directory = paths.directory(desired.name, instance)
        try:
            leftovers.remove(self._place, home, directory, desired.name, failed_here=True)
        except CancelledError:
            raise self._left(desired, instance, home, error) from None
        except VsphereError as second:
            raise VsphereError(f"{error}; then, cleaning up: {second}") from None

    def _left(self, desired: DesiredMachine, instance: str, home: Datastore, error: VsphereError) -> VsphereError:
        folder = home.path(paths.directory(desired.name, instance))
        return CancelledError(
            f"{error}; there was no time to see whether folder {folder} is left, or machine {desired.name} in it; "
            "the next up goes on with what is there"
        )
