"""Two hosts in one lab: the real plugin between a fake engine and two simulated hosts."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.rpc import UNKNOWN

from provider import wire
from provider.vsphere.placement import Placement
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import configuration, machine_properties
from tests.plugin.provider.driver import IMAGE, KEY_PAIR, MACHINE, Plugin, RefusedError, urn, wrapped
from tests.plugin.provider.racks import NAMES, Racks, targets
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator

NOT_KNOWN = {"host", "datastore", "network", "image", "ipAddress", "moid"}


@pytest.fixture(scope="module")
def hosts(esxi: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Simulator]]:
    """Two hosts of this module."""
    running = {name: Simulator(esxi, tmp_path_factory.mktemp(name)) for name in NAMES}
    yield running
    for host in running.values():
        host.stop()


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeEngine]:
    """The engine of this module."""
    engine = FakeEngine()
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def plugin(engine: FakeEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """The plugin of this module, which each test configures anew."""
    plugin = Plugin(engine.address, tmp_path_factory.mktemp("plugin"))
    yield plugin
    plugin.stop()


@pytest.fixture(scope="module")
def with_images(plugin: Plugin, hosts: Mapping[str, Simulator], ova: Ova) -> Racks:
    """Both hosts with the image."""
    return imported(plugin, hosts, ova)


def imported(plugin: Plugin, hosts: Mapping[str, Simulator], ova: Ova, **changed: Any) -> Racks:
    """The image on all hosts; `changed` are keys of rack2."""
    plugin.configure(targets(hosts, **changed))
    key = plugin.create(KEY_PAIR, "key", wrapped({"comment": "lab"}))
    common = {"ova": str(ova.path), "sha256": ova.sha256, "datastore": DATASTORE, "network": NETWORK}
    common["stateKey"] = key.outputs["publicKey"]
    images = {name: plugin.create(IMAGE, f"image-{name}", wrapped({**common, "host": name})) for name in hosts}
    return Racks(hosts, plugin, key, images, ova)


@pytest.fixture
def racks(with_images: Racks) -> Iterator[Racks]:
    """Both hosts without machines, and the image on both."""
    with_images.plugin.configure(targets(with_images.hosts, "w1", "w2", "w3"))
    yield with_images
    for name, host in with_images.hosts.items():
        for machine in with_images.on()[name]:
            if str(host.facts(machine, "runtime.powerState")["runtime.powerState"]) == "poweredOn":
                host.power_off(machine)
            host.run_task(host.machines()[machine].Destroy_Task())


def test_machines_that_name_no_host_are_spread_and_stay_where_they_are(racks: Racks) -> None:
    w1, w2 = racks.create("w1"), racks.create("w2")
    assert racks.on() == {"rack1": {"w1"}, "rack2": {"w2"}}
    assert [each.outputs["host"] for each in (w1, w2)] == ["rack1", "rack2"]
    assert "images" not in w1.outputs

    larger = machine_properties(racks.inputs("w2", memoryMiB=1024))
    assert list(racks.plugin.diff(w2, larger).diffs) == ["memoryMiB"]
    assert racks.plugin.update(w2, larger).outputs["host"] == "rack2"
    refreshed = racks.plugin.refresh(w2)
    assert refreshed is not None
    assert "host" not in wire.decode(refreshed.inputs)[0]
    assert set(racks.plugin.diff(refreshed, larger).diffs) <= {"extraConfig"}, (
        "which the simulated host keeps to itself"
    )

    for each in (w1, w2):
        racks.plugin.delete(each)
    assert racks.on() == {"rack1": set(), "rack2": set()}


def test_a_machine_is_made_where_most_memory_is_free(racks: Racks) -> None:
    racks.hosts["rack1"].create_foreign("other")
    racks.hosts["rack1"].reconfigure("other", memoryMB=2048)
    racks.hosts["rack1"].power_on("other")
    assert [racks.create(name).outputs["host"] for name in ("w1", "w2", "w3")] == ["rack2"] * 3


def test_a_run_that_was_killed_finds_its_machine_where_it_left_it(
    racks: Racks, hosts: Mapping[str, Simulator], tmp_path_factory: pytest.TempPathFactory, engine: FakeEngine
) -> None:
    """The state knows nothing of it; it has the mark."""
    racks.create("w1")
    hosts["rack1"].create_foreign("other")
    hosts["rack1"].reconfigure("other", memoryMB=3072)
    hosts["rack1"].power_on("other")
    another = Plugin(engine.address, tmp_path_factory.mktemp("another"))
    try:
        another.configure(targets(hosts, "w1"))
        assert another.create(MACHINE, "w1", machine_properties(racks.inputs("w1"))).outputs["host"] == "rack1"
    finally:
        another.stop()
    assert racks.on()["rack2"] == set()


def test_a_preview_says_that_the_host_is_not_known_and_asks_none(
    plugin: Plugin, hosts: Mapping[str, Simulator], racks: Racks
) -> None:
    plugin.configure(targets(hosts, "w1", port=1))
    shown = plugin.create(MACHINE, "w1", machine_properties(racks.inputs("w1")), preview=True).outputs
    assert {key for key, value in shown.items() if value == UNKNOWN} >= NOT_KNOWN
    pinned = plugin.create(MACHINE, "w2", machine_properties(racks.inputs("w2", "rack2")), preview=True).outputs
    assert (pinned["host"], pinned["datastore"]) == ("rack2", DATASTORE)


def test_what_keeps_any_target_from_a_run_is_told_of_all_with_their_names(
    plugin: Plugin, hosts: Mapping[str, Simulator], racks: Racks
) -> None:
    racks.hosts["rack1"].create_foreign("w1")
    plugin.configure(
        {
            **targets(hosts, port=1),
            "machines": json.dumps(
                [
                    {
                        "name": "w1",
                        "diskGiB": 4,
                        "memoryMiB": 512,
                        "datastore": "gone",
                        "network": NETWORK,
                        "host": "rack1",
                    }
                ]
            ),
        }
    )
    with pytest.raises(RefusedError) as caught:
        racks.create("w2", "rack1")
    message = str(caught.value)
    assert message.startswith("before anything is changed on rack1 (127.0.0.1), rack2 (127.0.0.1): (3 findings) ")
    assert "on rack1 (127.0.0.1): datastore gone: not found" in message
    assert "on rack1 (127.0.0.1): machine w1: " in message
    assert "on rack2 (127.0.0.1): " in message
    assert "does not answer" in message
    assert racks.on() == {"rack1": {"w1"}, "rack2": set()}


def test_what_is_on_other_targets_is_destroyed_while_one_does_not_answer(
    plugin: Plugin, hosts: Mapping[str, Simulator], racks: Racks
) -> None:
    w1, w2 = racks.create("w1", "rack1"), racks.create("w2", "rack2")
    plugin.configure(targets(hosts, port=1))
    plugin.delete(w1)
    with pytest.raises(RefusedError, match=r"127\.0\.0\.1:1 does not answer"):
        plugin.delete(w2)
    assert racks.on() == {"rack1": set(), "rack2": {"w2"}}


def test_another_host_is_another_machine_and_announced_as_such(plugin: Plugin, racks: Racks) -> None:
    w1 = racks.create("w1", "rack1")
    answer = plugin.diff(w1, machine_properties(racks.inputs("w1", "rack2")))
    assert list(answer.replaces) == ["host"]
    assert answer.deleteBeforeReplace

    with pytest.raises(
        RefusedError, match=r"machine w1: host is 'rack2', was 'rack1': the machine is made anew, and its"
    ):
        plugin.diff(w1, machine_properties(racks.inputs("w1", "rack2", holds="its etcd", allowReplace=False)))


def test_a_target_that_stood_alone_keeps_its_machines_among_others(
    plugin: Plugin, hosts: Mapping[str, Simulator], racks: Racks
) -> None:
    alone = configuration(hosts["rack2"])
    plugin.configure(alone)
    inputs = {key: value for key, value in racks.inputs("w1", "rack2").items() if key != "host"}
    w1 = plugin.create(MACHINE, "w1", machine_properties(inputs))
    assert "host" not in w1.outputs

    request = provider_pb2.CheckRequest(olds=wrapped(alone, "password"), news=wrapped(targets(hosts), "passwords"))
    checked = plugin.call("CheckConfig", request)
    assert not checked.failures
    plugin.call("Configure", provider_pb2.ConfigureRequest(args=checked.inputs))
    for news in (racks.inputs("w1", "rack2"), racks.inputs("w1")):
        answer = plugin.diff(w1, machine_properties(news))
        assert (list(answer.diffs), list(answer.replaces)) == (["host"], []), "in place"
    assert plugin.update(w1, machine_properties(racks.inputs("w1", "rack2"))).outputs["host"] == "rack2"
    assert list(plugin.diff(w1, machine_properties(racks.inputs("w1", "rack1"))).replaces) == ["host"]


def test_what_is_on_a_target_that_is_named_no_more_is_still_destroyed(
    plugin: Plugin, hosts: Mapping[str, Simulator], racks: Racks
) -> None:
    w1, w2 = racks.create("w1"), racks.create("w2", "rack2")
    news = wrapped({**configuration(hosts["rack1"]), "targetName": "rack1"}, "password")
    request = provider_pb2.CheckRequest(olds=wrapped(targets(hosts), "passwords"), news=news)
    args = plugin.call("CheckConfig", request).inputs
    assert wire.decode(args)[1] >= {"password", "passwords"}
    plugin.call("Configure", provider_pb2.ConfigureRequest(args=args))
    plugin.delete(w2)
    assert racks.on() == {"rack1": {"w1"}, "rack2": set()}

    plugin.configure({**configuration(hosts["rack2"]), "targetName": "rack2"})
    with pytest.raises(
        RefusedError, match="w1: it is on rack1, which the site file names no more; name it there again"
    ):
        plugin.delete(w1)


def test_a_machine_is_imported_from_whichever_target_has_it(plugin: Plugin, racks: Racks) -> None:
    w1 = racks.create("w1", "rack2")
    answer = plugin.call("Read", provider_pb2.ReadRequest(id="w1", urn=urn(MACHINE, "w1"), name="w1"))
    assert answer.id == w1.id
    assert wire.decode(answer.inputs)[0]["host"] == "rack2"


def test_an_esxi_host_and_a_cluster_of_a_vcenter_make_one_lab(
    plugin: Plugin, hosts: Mapping[str, Simulator], racks: Racks, esxi: Path, tmp_path: Path, ova: Ova
) -> None:
    cluster = "DC0_C0"
    vcenter = Simulator(esxi, tmp_path / "vcenter", placement=Placement(cluster=cluster))
    try:
        mixed = imported(plugin, {"rack1": hosts["rack1"], "rack2": vcenter}, ova, cluster=cluster)
        plugin.configure(targets(mixed.hosts, "w1", cluster=cluster))
        w1, w2 = mixed.create("w1"), mixed.create("w2", "rack1")
        assert w1.outputs["host"] == "rack2", "three hosts have more memory than one"
        assert "w1" in mixed.on()["rack2"]
        assert racks.on()["rack1"] == {"w2"}
        for each in (w1, w2, *mixed.images.values()):
            plugin.delete(each)
        assert "w1" not in vcenter.machines()
    finally:
        vcenter.stop()
