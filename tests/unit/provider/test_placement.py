"""Where in a vCenter: the provider's keys, what is wrong with them, and what they mean."""

from provider import configuration
from provider.vsphere.placement import NOWHERE, Placement, placement
from provider.wire import UNKNOWN

HOST = {"server": "vcenter.lab", "user": "lab", "password": "secret", "owner": "kubelab/test"}


def test_the_keys_of_a_placement_are_those_of_a_site_file() -> None:
    keys = {"datacenter": "DC0", "cluster": "C1", "resourcePool": "lab", "folder": "f", "clone": "linked"}
    wanted = Placement("DC0", "C1", "", "lab", "f", linked=True)
    assert placement({**HOST, **keys}) == wanted
    assert configuration.configuration({**HOST, **keys}).placement == wanted
    assert wanted.said == ["datacenter", "cluster", "resourcePool", "folder", "clone"]
    assert wanted.in_vcenter


def test_a_host_alone_has_none() -> None:
    assert configuration.configuration(HOST).placement == NOWHERE == placement({"clone": "full"})
    assert not NOWHERE.in_vcenter


def test_faults_of_a_placement_are_told_by_key_and_what_is_not_known_yet_passes() -> None:
    assert configuration.faults({**HOST, "cluster": "", "folder": 3, "clone": "instant", "host": UNKNOWN}) == {
        "cluster": "found '', wanted a name",
        "folder": "found 3, wanted a name",
        "clone": "found 'instant', wanted full or linked",
    }
