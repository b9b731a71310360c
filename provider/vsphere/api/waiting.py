"""Waiter: the one that asks a host what changed, for all who wait in a session.

What is waited for is put into one list view, which one filter of one property collector watches: a wait costs one call,
however long it takes and however many others wait. An object that nobody waits for any more goes from the list together
with the next one that comes, a task at once and others after a while. All of it ends with the login that it belongs to,
and is made anew with the next one.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from provider.vsphere.api.sdk import Facts, vim, vmodl
from provider.vsphere.api.watched import Epoch, Key, Watched, key_of
from provider.vsphere.errors import GoneError, VsphereError

if TYPE_CHECKING:
    from provider.vsphere.api.session import Session

WAIT_SECONDS = 10  # of one question to the host, if nothing changes
TICK_SECONDS = 0.25  # those who wait look at their cancel token and their deadline this often
KEPT_SECONDS = 30.0  # how long an object stays in the list for the next wait for it, unless it is a task
_DOING = "waiting for changes"


class Waiter:
    """One per session; all methods may be called from any thread."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._state = threading.Condition()
        self._calls = threading.Lock()  # changes of the list, one at a time: who comes meanwhile goes with the next
        self._watched: dict[Key, Watched] = {}
        self._paths: dict[Any, frozenset[str]] = {}
        self._epoch: Epoch | None = None

    @contextmanager
    def watching(self, doing: str, objects: Sequence[tuple[Any, Iterable[str]]]) -> Iterator[list[Watched]]:
        """Has these objects and their properties watched; `settle` is to be called before each `sleep`."""
        with self._state:
            found = [self._entered(obj, paths) for obj, paths in objects]
        try:
            self.settle(doing)
            yield found
        finally:
            with self._state:
                for each in found:
                    each.waiting -= 1
                    each.idle_since = time.monotonic()

    def is_listed(self, obj: Any) -> bool:
        """True if what is known of the object may be older than the wait for it that begins now."""
        with self._state:
            return key_of(obj) in self._watched

    def settle(self, doing: str) -> None:
        """Has the host watch what is waited for, unless it does. Raises VsphereError."""
        if self._is_settled():
            return
        with self._calls:
            if self._is_settled():
                return
            epoch = self._epoch
            try:
                if epoch is None or epoch.generation != self._session.generation:
                    epoch = self._begun(doing)
                self._list(doing, epoch)
            except GoneError:
                self.forget()  # view and collector went with their login; the next turn of the wait makes others
                return
            if not epoch.asked:
                epoch.asked = True
                threading.Thread(target=self._ask, args=(epoch,), name="waiter", daemon=True).start()

    def sleep(self, seconds: float, versions: Sequence[tuple[Watched, int]]) -> None:
        """Until one of them has another version, at most so long, and at most a tick."""
        with self._state:
            if all(each.version == version for each, version in versions):
                self._state.wait(min(seconds, TICK_SECONDS))

    def seen(self, watched: Watched) -> tuple[dict[str, Any], int]:
        """Its facts and their version. Raises what the host said when it was asked."""
        with self._state:
            if watched.error is not None:
                raise watched.error
            return dict(watched.facts), watched.version

    def refresh(self, watched: Watched, facts: Facts) -> None:
        """Takes what was read of an object just now."""
        with self._state:
            watched.facts = dict(facts)
            watched.heard, watched.left = True, False
            watched.version += 1

    def forget(self, epoch: "Epoch | None" = None) -> None:
        """Ends the asking; the next wait begins anew."""
        with self._state:
            if epoch is None or self._epoch is epoch:
                self._epoch = None
            self._state.notify_all()

    def _entered(self, obj: Any, paths: Iterable[str]) -> Watched:
        kind, known = type(obj), self._paths.get(type(obj), frozenset())
        if not known.issuperset(paths):
            self._paths[kind] = known.union(paths)
            self._epoch = None  # a filter's properties are those that it was made with
        watched = self._watched.setdefault(key_of(obj), Watched(obj))
        if not watched.waiting:
            watched.error = None
        watched.waiting += 1
        return watched

    def _is_settled(self) -> bool:
        with self._state:
            epoch = self._epoch
            if epoch is None or epoch.generation != self._session.generation or not epoch.asked:
                return False
            return all(key in epoch.listed for key, each in self._watched.items() if each.waiting and not each.left)

    def _begun(self, doing: str) -> Epoch:
        session, query = self._session, vmodl.query.PropertyCollector
        collector = session.read(doing, lambda: session.content.propertyCollector.CreatePropertyCollector())
        generation = session.generation
        view = session.read(doing, lambda: session.content.viewManager.CreateListView([]))
        with self._state:
            paths = dict(self._paths)
        hop = query.TraversalSpec(type=vim.view.ListView, path="view", skip=False)
        spec = query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[hop])],
            propSet=[query.PropertySpec(type=kind, pathSet=sorted(of)) for kind, of in paths.items()],
        )
        session.read(doing, collector.CreateFilter, spec, False)
        epoch = Epoch(generation, collector, view)
        with self._state:
            self._epoch = epoch if paths == self._paths else None
        return epoch

    def _list(self, doing: str, epoch: Epoch) -> None:
        with self._state:
            long_ago = time.monotonic() - KEPT_SECONDS
            idle = [key for key, each in self._watched.items() if each.is_idle(long_ago)]
            gone = [self._watched.pop(key).ref for key in idle if key in epoch.listed]
            for key in idle:
                self._watched.pop(key, None)
            epoch.listed -= set(idle)
            new = {key: each for key, each in self._watched.items() if each.waiting and key not in epoch.listed}
        if not new:
            return
        missing = self._session.read(doing, epoch.view.ModifyListView, [each.ref for each in new.values()], gone)
        with self._state:
            epoch.listed |= set(new)
            for ref in missing or []:
                self._leave(epoch, key_of(ref))
            self._state.notify_all()

    def _ask(self, epoch: Epoch) -> None:
        """Asks until nobody waits any more, or the epoch is over."""
        options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=WAIT_SECONDS)
        with self._session.cancel.shielded():  # those who clean up after a cancelled run wait, too
            while True:
                try:
                    update = self._session.read(_DOING, epoch.collector.WaitForUpdatesEx, epoch.version, options)
                    if update is not None:
                        epoch.version = update.version
                        self._take(epoch, update)
                except GoneError:
                    self.forget(epoch)
                    return
                except VsphereError as error:
                    self._fail(epoch, error)
                    return
                except Exception as error:  # those who wait would wait for a thread that is no more
                    self._fail(epoch, VsphereError(f"{_DOING}: {type(error).__name__}: {error}"))
                    return
                with self._state:
                    if self._epoch is not epoch:
                        break
                    if update is None and not any(each.waiting for each in self._watched.values()):
                        epoch.asked = False
                        return
            self._discard(epoch)

    def _discard(self, epoch: Epoch) -> None:
        """What is left of an epoch whose login may still be there."""
        if epoch.generation == self._session.generation and not self._session.cancel.cancelled:
            with suppress(VsphereError):
                self._session.read(_DOING, epoch.collector.DestroyPropertyCollector)
                self._session.read(_DOING, epoch.view.DestroyView)

    def _take(self, epoch: Epoch, update: Any) -> None:
        changes = [each for filtered in update.filterSet or [] for each in filtered.objectSet or []]
        faults = [entry.fault for change in changes for entry in change.missingSet or []]
        if any(isinstance(fault, vim.fault.NotAuthenticated) for fault in faults):
            self._session.login_again(epoch.generation)  # an expired session may show as missing properties alone
            self.forget(epoch)
            return
        with self._state:
            for change in changes:
                watched = self._watched.get(key_of(change.obj))
                if change.kind == "leave":
                    self._leave(epoch, key_of(change.obj))
                elif watched is not None:
                    watched.take(change)
            self._state.notify_all()

    def _leave(self, epoch: Epoch, key: Key) -> None:
        epoch.listed.discard(key)
        watched = self._watched.get(key)
        if watched is not None:
            watched.left = True
            watched.version += 1

    def _fail(self, epoch: Epoch, error: VsphereError) -> None:
        with self._state:
            if self._epoch is epoch:
                self._epoch = None
                for each in self._watched.values():
                    each.error = error if each.waiting else None
                    each.version += 1
            self._state.notify_all()
