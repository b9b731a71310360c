"""Whatever machine there is and whatever is declared: changed once by its plan, it needs no more; nothing is lost."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from provider import machine_diff, machine_read
from provider.resource import Change
from provider.vsphere import observe
from provider.vsphere.desired import DesiredMachine, desired_machine
from provider.vsphere.devices import Card, Controller
from provider.vsphere.errors import RefusedError
from provider.vsphere.fields import Effect
from provider.vsphere.lifecycle.actions import AddCard, AddDisk, EditCard, GrowDisk, How, RemoveCard, RemoveDisk
from provider.vsphere.lifecycle.declared import by_mac
from provider.vsphere.lifecycle.plan import plan
from provider.vsphere.lifecycle.specification import config_spec
from provider.vsphere.model import Disk, ObservedMachine
from tests.unit.provider.lifecycle.model import applied
from tests.unit.provider.lifecycle.parts import FOLDER, FOUND, GIB

NETWORKS = ("VM Network", "storage", "backup")
NAMES = ("data", "logs", "etcd")
MACS = ("00:50:56:00:00:01", "00:50:56:00:00:02")
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)

cards = some.lists(
    some.fixed_dictionaries({"network": some.sampled_from(NETWORKS)}, optional={"connected": some.booleans()}),
    max_size=3,
)
macs = some.lists(some.sampled_from(MACS), max_size=2, unique=True)
disks = some.dictionaries(
    some.sampled_from(NAMES),
    some.fixed_dictionaries({"sizeGiB": some.integers(1, 9)}, optional={"remove": some.booleans()}),
)


@some.composite
def properties(draw: some.DrawFn) -> dict[str, Any]:
    """What a stack file may say of w1, as the provider is given it."""
    given_cards = draw(cards)
    for mac, card in zip(draw(macs), given_cards, strict=False):
        card["macAddress"] = mac
    wanted: dict[str, Any] = {
        "name": "w1",
        "cpus": draw(some.integers(1, 4)),
        "memoryMiB": draw(some.sampled_from((512, 1024, 2048))),
        "diskGiB": draw(some.integers(1, 9)),
        "nestedVirtualization": draw(some.booleans()),
        "image": "[ds] base/disk.vmdk",
        "imageSha256": "0" * 64,
        "datastore": "ds",
        "network": "VM Network",
        "machineNetwork": "10.87.0.0/24",
        "sshUser": "lab",
        "sshPublicKey": "ssh-ed25519 AAAA lab",
        "hostKeyPrivate": "a private key",
        "hostKeyPublic": "ssh-ed25519 AAAA w1",
        "extraConfig": draw(some.dictionaries(some.sampled_from(("user.a", "user.b")), some.sampled_from("xy"))),
        "networks": given_cards,
        "extraDisks": [{"name": name, **disk} for name, disk in draw(disks).items()],
    }
    version = draw(some.sampled_from((None, 19, 20, 21)))
    return wanted | ({} if version is None else {"hardwareVersion": version})


@some.composite
def machines(draw: some.DrawFn) -> ObservedMachine:
    """A machine of ours as people leave it: changed, with disks and cards of theirs, in any order."""
    hardware = replace(FOUND.hardware, cpus=draw(some.integers(1, 4)), memory_mib=draw(some.sampled_from((512, 2048))))
    foreign = [
        Disk(2900 + unit, 1000, unit, f"{draw(some.sampled_from((FOLDER, '[ds] volumes/')))}pv{unit}.vmdk", GIB)
        for unit in draw(some.sets(some.integers(8, 11), max_size=2))
    ]
    root = replace(FOUND.disks[0], capacity=draw(some.integers(1, 9)) * GIB)
    found_disks = draw(some.permutations([root, *foreign]))
    card = replace(FOUND.cards[0], network=draw(some.sampled_from(NETWORKS)), connected=draw(some.booleans()))
    others = [Card(4001 + at, f"00:0c:29:00:01:{at:02x}", "VM Network") for at in range(draw(some.integers(0, 2)))]
    return replace(
        FOUND,
        name=draw(some.sampled_from(("w1", "renamed"))),
        power_state=draw(some.sampled_from(("poweredOn", "poweredOff"))),
        hardware=hardware,
        disks=tuple(found_disks),
        cards=tuple(draw(some.permutations([card, *others]))),
        controllers=(Controller(1000, "ParaVirtualSCSIController", (0, *(disk.unit for disk in foreign))),),
        cpu_hot_add=draw(some.booleans()),
        memory_hot_add=draw(some.booleans()),
        extra_config={**draw(some.dictionaries(some.sampled_from(("user.a", "user.z")), some.just("x")))},
    )


def _kept(olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
    """What a user writes who loses nothing: the disks of before, not smaller, and the version."""
    before = {disk["name"]: disk["sizeGiB"] for disk in olds["extraDisks"] if not disk.get("remove")}
    after = {disk["name"]: disk for disk in news["extraDisks"]}
    disks = {name: {"name": name, **after.get(name, {}), "sizeGiB": size + 1} for name, size in before.items()}
    kept = {"extraDisks": list((after | disks).values()), "diskGiB": max(olds["diskGiB"], news["diskGiB"])}
    return {**news, **kept} | ({"hardwareVersion": 21} if "hardwareVersion" in olds else {})


def brought(found: ObservedMachine, wanted: DesiredMachine) -> ObservedMachine:
    """The machine once it is what is wanted."""
    return applied(found, plan(found, wanted))


@QUICK
@given(machines(), properties(), properties())
def test_a_machine_that_was_changed_by_its_plan_needs_no_more(
    found: ObservedMachine, first: dict[str, Any], second: dict[str, Any]
) -> None:
    for declared in (first, second):
        wanted = desired_machine(declared)
        before = plan(found, wanted)
        found = applied(found, before)
        after = plan(found, wanted)
        assert (after.steps, after.refused) == ((), before.refused)


@QUICK
@given(machines(), properties(), properties())
def test_no_disk_shrinks_and_nothing_of_others_is_touched(
    found: ObservedMachine, first: dict[str, Any], second: dict[str, Any]
) -> None:
    foreign_disks, foreign_cards = set(found.disks) - set(found.made_disks), set(found.cards) - {found.primary_card}
    for declared in (first, second):
        wanted = desired_machine(declared)
        steps = plan(found, wanted).steps
        after = applied(found, plan(found, wanted))
        deleted = {disk.name for disk in wanted.disks if disk.remove}
        for disk in found.made_disks:
            now = next((each for each in after.disks if each.path == disk.path), None)
            name = disk.path.removeprefix(FOLDER).removesuffix(".vmdk").removeprefix("w1-")
            assert name in deleted if now is None else now.capacity >= disk.capacity
        assert foreign_disks <= set(after.disks)
        assert foreign_cards <= set(after.cards)
        given = {card.mac for card in after.cards} - {card.mac for card in foreign_cards} - {FOUND.cards[0].mac}
        assert given == set(by_mac(found.instance_uuid, wanted.cards)), "those declared, and none that was before"
        assert after.primary_card is not None
        assert after.primary_card.mac == FOUND.cards[0].mac
        touched = [
            step.action.disk
            for step in steps
            if isinstance(step.action, GrowDisk | RemoveDisk) and step.action.disk is not None
        ]
        assert set(touched) <= set(found.made_disks)
        found = after


@QUICK
@given(machines(), properties())
def test_what_vsphere_takes_of_a_running_machine_is_not_asked_of_one_that_is_off(
    found: ObservedMachine, declared: dict[str, Any]
) -> None:
    running = {GrowDisk, AddDisk, AddCard, EditCard, RemoveCard}
    steps = plan(found, desired_machine(declared)).steps
    assert [step for step in steps if type(step.action) in running and step.how is How.OFF] == []


@QUICK
@given(properties(), properties())
def test_another_machine_is_made_for_what_no_machine_can_become_alone(
    olds: dict[str, Any], news: dict[str, Any]
) -> None:
    found = machine_diff.changes(olds, news)
    replacing = {change.key for change in found if change.change is Change.REPLACE}
    assert replacing == ({"diskGiB"} if news["diskGiB"] < olds["diskGiB"] else set())
    changed = {key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key)}
    assert {change.key for change in found} <= changed
    effects = {field.name: field.effect for field in machine_diff.FIELDS}
    assert {key for key in changed if effects[key] is not Effect.NOTHING} - {"networks", "extraDisks"} <= {
        change.key for change in found
    }


@QUICK
@given(machines(), properties(), properties(), some.booleans())
def test_what_a_preview_lets_pass_is_done_and_then_nothing_is_left_to_show(
    found: ObservedMachine, olds: dict[str, Any], news: dict[str, Any], grown_by_hand: bool
) -> None:
    found = brought(found, desired_machine(olds))
    news = _kept(olds, news)
    try:
        machine_diff.refuse(olds, news, machine_diff.changes(olds, news))
    except RefusedError:
        return
    obsolete = olds["extraConfig"].keys() - news["extraConfig"].keys()
    wanted = plan(found, desired_machine(news), obsolete=obsolete)
    if wanted.refused:
        return
    after = applied(found, wanted)
    larger = tuple(replace(disk, capacity=disk.capacity + GIB) for disk in after.disks)
    state = observe.state(replace(after, disks=larger) if grown_by_hand else after, None)
    refreshed = {**news, **machine_read.drift(news, state)}
    assert machine_diff.changes(refreshed, news) == []


@QUICK
@given(machines(), properties())
def test_a_specification_says_all_of_a_plan_and_marks_what_it_gives(
    found: ObservedMachine, declared: dict[str, Any]
) -> None:
    wanted = plan(found, desired_machine(declared))
    spec = config_spec(found, wanted, dict.fromkeys(NETWORKS))
    devices = [] if spec is None else spec.deviceChange or []
    of_devices = (GrowDisk, AddDisk, AddCard, EditCard, RemoveCard)
    assert len(devices) == sum(isinstance(step.action, of_devices) for step in wanted.steps)
    assert len({change.device.key for change in devices}) == len(devices)
    marks = {} if spec is None else {option.key: option.value for option in spec.extraConfig or []}
    after = applied(found, wanted).extra_config
    assert {key: marks[key] for key in marks if key.startswith("kubelab.")} == {
        key: after[key] for key in after if key.startswith("kubelab.") and after[key] != found.extra_config.get(key)
    }
