"""A datastore that several targets have is asked for by each alone, and reckoned for the machines of all."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from provider.targets import targets
from provider.vsphere.cancel import CancelToken
from provider.vsphere.conditions.room import Room
from provider.vsphere.conditions.space import GIB, Taken
from provider.vsphere.errors import RefusedError


class FakeConnection:
    """One target, on which 10 GiB are free of a datastore that its name says, of which its machines take 6."""

    def __init__(self, *_: Any) -> None:
        self._server = ""

    def configure(self, configuration: Any) -> None:
        self._server = configuration.endpoint.server

    def called(self, name: str) -> str:
        return f"{name} ({self._server})"

    def room(self, _names: Any) -> Room:
        return Room(0)

    def conditions(self, _more: str, taken: Callable[[Taken], object]) -> list[Any]:
        taken(Taken(self._server, f"ds:///{self._server[0]}", "ds1", 10 * GIB, 6 * GIB))
        return []

    def close(self) -> None:
        """Nothing to log out of."""


@pytest.mark.case("V6", "V11")
@pytest.mark.parametrize("servers", [("a1", "a2"), ("a1", "b1")], ids=["one datastore", "one each"])
def test_one_datastore_of_two_targets_is_reckoned_for_the_machines_of_both(
    monkeypatch: pytest.MonkeyPatch, servers: tuple[str, str]
) -> None:
    monkeypatch.setattr(targets, "Connection", FakeConnection)
    known, warned = targets.Targets(CancelToken()), list[str]()
    entries = [{"targetName": f"r{at}", "server": server, "user": "root"} for at, server in enumerate(servers)]
    passwords = json.dumps({each["targetName"]: "secret" for each in entries})
    known.configure({"targets": json.dumps(entries), "passwords": passwords, "owner": "kubelab/test"})
    if servers == ("a1", "b1"):
        known.preflight(warned.append)
        return
    told = r"datastore ds1 of r0 \(a1\) and r1 \(a2\) is the same one: 10.0 GiB are free, their machines need 12.0 GiB"
    with pytest.raises(RefusedError, match=told):
        known.preflight(warned.append)
