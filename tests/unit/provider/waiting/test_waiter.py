"""Those who wait are told when nobody asks for them any more, and what is known of an object is what is so now."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from provider.vsphere.api.sdk import vim, vmodl
from provider.vsphere.api.waiting import Waiter
from provider.vsphere.api.watched import Watched
from provider.vsphere.errors import UnreachableError, VsphereError

QUERY = vmodl.query.PropertyCollector
MACHINE = vim.VirtualMachine("7", None)


def update(kind: str, **what: Any) -> Any:
    """What a host says of the machine."""
    return QUERY.ObjectUpdate(kind=kind, obj=MACHINE, **what)


def change(name: str, value: str) -> Any:
    return QUERY.Change(name=name, op="assign", val=value)


class Stub:
    """Answers the calls of a waiter: its session ended, which shows as a missing property alone."""

    def InvokeMethod(self, _object: Any, info: Any, _arguments: Any) -> Any:
        missing = QUERY.MissingProperty(path="name", fault=vim.fault.NotAuthenticated())
        of_filter = QUERY.FilterUpdate(objectSet=[update("modify", missingSet=[missing])])
        return {
            "CreatePropertyCollector": QUERY("collector", self),
            "CreateListView": vim.view.ListView("view", self),
            "WaitForUpdatesEx": QUERY.UpdateSet(version="1", filterSet=[of_filter]),
        }.get(info.wsdlName)


class LoggedOut:
    """A session that cannot be logged in to again."""

    generation = 1

    def __init__(self, error: Exception) -> None:
        self._error = error
        stub = Stub()
        self.cancel = SimpleNamespace(shielded=self._shielded, cancelled=False)
        self.content = SimpleNamespace(
            propertyCollector=QUERY("root", stub), viewManager=vim.view.ViewManager("views", stub)
        )

    def _shielded(self) -> AbstractContextManager[None]:
        return nullcontext()

    def read(self, _doing: str, call: Callable[..., Any], *arguments: Any) -> Any:
        return call(*arguments)

    def login_again(self, _generation: int) -> None:
        raise self._error


def wait(waiter: Waiter, watched: Watched) -> None:
    """Until it raises, five seconds at most."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        _, version = waiter.seen(watched)
        waiter.sleep(1, [(watched, version)])


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UnreachableError("logging in: no answer"), "logging in: no answer"),
        (RuntimeError("broken"), "waiting for changes: RuntimeError: broken"),
    ],
)
def test_those_who_wait_are_told_that_the_login_cannot_be_renewed(error: Exception, told: str) -> None:
    waiter = Waiter(LoggedOut(error))  # type: ignore[arg-type]
    with waiter.watching("waiting", [(MACHINE, ["name"])]) as (watched,), pytest.raises(VsphereError, match=told):
        wait(waiter, watched)


def test_an_object_that_is_watched_anew_has_no_property_of_before() -> None:
    watched = Watched(MACHINE)
    watched.take(update("enter", changeSet=[change("name", "w1"), change("runtime.question", "which?")]))
    watched.take(update("modify", changeSet=[change("name", "w2")]))
    assert watched.facts == {"name": "w2", "runtime.question": "which?"}
    watched.take(update("enter", changeSet=[change("name", "w3")]))
    assert watched.facts == {"name": "w3"}
