"""Machines of states that earlier programs left: nothing about them changes because there is more to say now."""

import json
from pathlib import Path
from typing import Any

import pytest

from provider import machine_diff, machine_read, replacement

STATES = Path(__file__).parents[3] / "e2e" / "earlier" / "states"


def machines() -> list[dict[str, Any]]:
    kept = [json.loads(path.read_text()) for path in STATES.glob("*/state.json")]
    resources = [resource for state in kept for resource in state.get("deployment", state)["resources"]]
    return [resource for resource in resources if resource["type"] == "kubelab:index:VirtualMachine"]


@pytest.mark.parametrize("machine", machines(), ids=lambda machine: str(machine["urn"].rpartition("::")[2]))
def test_a_machine_of_an_earlier_state_shows_no_change(machine: dict[str, Any]) -> None:
    # Each has a nonce of its own in an encrypted value.
    olds, news = ({**machine[side], "hostKeyPrivate": "the same"} for side in ("outputs", "inputs"))
    found = machine_diff.changes(olds, news)
    assert found == []
    machine_diff.refuse(olds, news, found)
    assert replacement.warning(olds, news, found) is None
    assert machine_read.networks(news) == [news["network"]]
    assert machine_read.after(olds, news).keys() == olds.keys()
