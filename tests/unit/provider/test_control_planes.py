"""What of control planes is lost between two configurations of the provider, and by which word it may be."""

import re

import pytest

from provider.control_planes import lost, refusal
from provider.wire import UNKNOWN, Properties

HOST: Properties = {"owner": "kubelab/test", "server": "esxi.lab", "user": "root", "password": "secret"}
RACKS: Properties = {"owner": "kubelab/test", "targets": "[...]", "passwords": "{...}"}
NO_HOST: Properties = {"owner": "kubelab/test"}

MADE = HOST | {"controlPlanes": "cp1", "allowReplace": ""}
ON_RACKS = RACKS | {"controlPlanes": "cp1", "allowReplace": ""}
EXISTS = NO_HOST | {"controlPlanes": "cp1", "existingControlPlanes": "cp1", "allowReplace": ""}
EXISTS_BESIDE_MADE = HOST | {"controlPlanes": "cp1", "existingControlPlanes": "cp1", "allowReplace": ""}
# As programs wrote them that had a provider of machines that exist.
EXISTED = NO_HOST | {"controlPlanes": "cp1", "allowReplace": ""}
EXISTED_BESIDE_MADE = HOST | {"controlPlanes": "", "allowReplace": ""}
EARLIEST = HOST

TO_EXISTING = "on platform.existing now, was on platform.vsphere, where its machine is deleted"
TO_VSPHERE = "on platform.vsphere now, was on platform.existing, where its machine is left as it was found"

MOVES = [
    (MADE, EXISTS, TO_EXISTING),
    (MADE, EXISTS_BESIDE_MADE, TO_EXISTING),
    (ON_RACKS, EXISTS, TO_EXISTING),
    (EARLIEST, EXISTS, TO_EXISTING),
    (EARLIEST, EXISTS_BESIDE_MADE, TO_EXISTING),
    (EXISTS, MADE, TO_VSPHERE),
    (EXISTS, ON_RACKS, TO_VSPHERE),
    (EXISTS_BESIDE_MADE, MADE, TO_VSPHERE),
    (EXISTED, MADE, TO_VSPHERE),
    (EXISTED_BESIDE_MADE, MADE, TO_VSPHERE),
]


@pytest.mark.case("T8")
@pytest.mark.parametrize(("before", "after", "said"), MOVES)
def test_a_control_plane_on_another_platform_is_refused_in_one_line(
    before: Properties, after: Properties, said: str
) -> None:
    refused = refusal(before, after)
    assert refused is not None
    assert refused.startswith(f"control plane cp1: {said}; its etcd is lost, and with it the cluster that it holds")
    assert re.search(r"; put it back, or, if that is meant .*, write allowReplace: true at node cp1", refused)
    assert "\n" not in refused


@pytest.mark.case("T8")
@pytest.mark.parametrize(("before", "after", "said"), MOVES)
def test_with_the_word_at_its_node_it_goes_there_with_a_warning(
    before: Properties, after: Properties, said: str
) -> None:
    allowed = after | {"allowReplace": "cp1"}
    assert refusal(before, allowed) is None
    assert lost(before, allowed) == (
        f"control plane cp1: {said}; its etcd is lost, and with it the cluster that it holds"
    )


@pytest.mark.case("T8")
@pytest.mark.parametrize("before", [MADE, ON_RACKS, EXISTS, EXISTS_BESIDE_MADE, EXISTED])
@pytest.mark.parametrize("after", [MADE, EXISTS])
def test_one_of_another_name_is_refused_wherever_either_is(before: Properties, after: Properties) -> None:
    renamed = after | {key: "cp9" for key in ("controlPlanes", "existingControlPlanes") if key in after}
    refused = refusal(before, renamed)
    assert refused is not None
    assert refused.startswith("control plane cp1: declared no more; its etcd is lost")
    assert "write allowReplace: true at the control plane that is declared now" in refused
    assert refusal(before, renamed | {"allowReplace": "cp9"}) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, MADE),
        ({}, EXISTS),
        (MADE, MADE | {"server": "esxi2.lab"}),
        (MADE, ON_RACKS),
        (EARLIEST, MADE),
        (EXISTS, EXISTS_BESIDE_MADE),
        (EXISTS_BESIDE_MADE, EXISTS),
        (EXISTED, EXISTS),
        (EXISTED, EXISTS_BESIDE_MADE),
        (EXISTED_BESIDE_MADE, EXISTS_BESIDE_MADE),
        (EXISTED_BESIDE_MADE, EXISTS),
        (MADE, EXISTS | {"controlPlanes": UNKNOWN}),
    ],
)
def test_one_that_stays_where_it_is_is_not_held_up(before: Properties, after: Properties) -> None:
    assert refusal(before, after) is None
    assert lost(before, after) is None


def test_a_further_one_may_be_anywhere() -> None:
    assert refusal(MADE, MADE | {"controlPlanes": "cp1,cp2", "existingControlPlanes": "cp2"}) is None
    assert refusal(EXISTS, EXISTS_BESIDE_MADE | {"controlPlanes": "cp1,cp2"}) is None
