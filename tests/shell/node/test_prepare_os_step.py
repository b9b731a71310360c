"""10-prepare-os.sh: the operating system made fit for a kubelet, so that it stays so."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from components.steps.node import prepare_os
from components.steps.node.operating_system import SYSCTLS
from tests.shell.guest.machine import KILLED, Guest
from tests.shell.steps import PREPARE_OS
from tests.shell.world import KEY, KEY_FINGERPRINT, KEY_URL, KEYRING, MIRROR, REPOSITORY, SITE, WORKER

STEP, WANTED = PREPARE_OS.file, PREPARE_OS.environment
SOURCE = REPOSITORY.source()
SOURCES = Path(SOURCE.path)
AUTHORITY = "/usr/local/share/ca-certificates/kubelab-mirror.crt"


@pytest.fixture(autouse=True)
def machine_with_swap(guest: Guest) -> None:
    PREPARE_OS.prepare(guest)


def test_the_machine_is_prepared_and_stays_so_over_a_reboot(guest: Guest) -> None:
    """Pitfall: br_netfilter is lost at a reboot, and the settings of a bridge fail until it is loaded."""
    result = guest.run(STEP, WANTED)
    assert (result.status, result.stdout, result.errors) == (0, "", [])
    assert guest.read("/etc/modules-load.d/kubelab.conf").split() == ["overlay", "br_netfilter"]
    persistent = dict(line.split(" = ") for line in guest.read("/etc/sysctl.d/zz-kubelab.conf").splitlines())
    assert persistent == SYSCTLS
    assert {name: guest.known(f"sysctl/{name}") for name in SYSCTLS} == SYSCTLS
    assert guest.known("swap") is None
    assert guest.known("units/swap.target/enabled") == "masked"
    assert [line for line in guest.read("/etc/fstab").splitlines() if not line.startswith("#")] == [
        "UUID=1 / ext4 defaults 0 1"
    ]


def test_packages_come_from_the_declared_sources_with_their_own_keys(guest: Guest) -> None:
    """Pitfall: `apt-key add`, and one repository added twice, with "stable edge test"."""
    guest.run(STEP, WANTED)
    assert guest.read(KEYRING) == KEY
    assert guest.mode(KEYRING) == 0o644
    assert guest.read(SOURCE.path) == SOURCE.text
    assert "apt-get update" in guest.read("/var/lib/guest/events")


def test_a_second_run_changes_nothing(guest: Guest) -> None:
    guest.run(STEP, WANTED)
    before = guest.files()
    result = guest.run(STEP, WANTED)
    assert (result.status, result.stderr) == (0, "")
    assert guest.files() == before
    assert not guest.calls("curl")


def test_the_mirrors_authority_is_trusted_by_the_whole_machine(guest: Guest) -> None:
    guest.run(STEP, WANTED)
    assert guest.read(AUTHORITY) == WANTED["MIRROR_CA"]
    assert guest.calls("update-ca-certificates")
    # Before the first fetch, which needs it.
    calls = guest.calls()
    assert calls.index("update-ca-certificates") < calls.index(guest.calls("curl")[0])


def test_without_mirrors_no_authority_is_added_and_debians_own_sources_stay(guest: Guest) -> None:
    guest.run(STEP, {**WANTED, "MIRROR_CA": "", "ONLY_MIRRORS": "false"})
    assert not guest.exists(AUTHORITY)
    assert not guest.calls("update-ca-certificates")
    assert guest.exists("/etc/apt/sources.list")
    assert guest.exists("/etc/apt/sources.list.d/debian.sources")


def test_with_a_mirror_of_debian_apt_asks_nothing_else(guest: Guest) -> None:
    """Pitfall: sources of dead repositories, such as apt.kubernetes.io kubernetes-xenial, are still there."""
    guest.run(STEP, WANTED)
    folder = guest.root / "etc/apt/sources.list.d"
    assert [path.name for path in folder.iterdir() if path.suffix in (".sources", ".list")] == [SOURCES.name]
    assert not guest.exists("/etc/apt/sources.list")


def test_a_changed_source_is_fetched_at_once(guest: Guest) -> None:
    guest.run(STEP, WANTED)
    guest.run(STEP, {**WANTED, "FILES": WANTED["FILES"].replace(f"{MIRROR}/apt", f"{MIRROR}/elsewhere")})
    assert guest.read("/var/lib/guest/events").count("apt-get update") == 2
    assert f"{MIRROR}/elsewhere" in guest.read(SOURCE.path)


def test_a_failed_update_of_the_package_lists_is_tried_again_by_the_next_run(guest: Guest) -> None:
    guest.run(STEP, WANTED)
    changed = {**WANTED, "FILES": WANTED["FILES"].replace(f"{MIRROR}/apt", f"{MIRROR}/elsewhere")}
    guest.answer("apt-get", 'echo "E: Failed to fetch https://mirror/InRelease" >&2; exit 100')
    result = guest.run(STEP, changed)
    assert result.status != 0
    assert "E: Failed to fetch https://mirror/InRelease" in result.stderr
    guest.as_usual("apt-get")
    assert guest.run(STEP, changed).status == 0
    assert guest.calls("apt-get")


def test_a_failed_update_whose_change_is_taken_back_is_made_good_too(guest: Guest) -> None:
    guest.run(STEP, WANTED)
    guest.answer("apt-get", "exit 100")
    guest.run(STEP, {**WANTED, "FILES": WANTED["FILES"].replace(f"{MIRROR}/apt", f"{MIRROR}/elsewhere")})
    guest.as_usual("apt-get")
    assert guest.run(STEP, WANTED).status == 0
    assert guest.calls("apt-get")


def test_a_key_with_another_fingerprint_is_refused_and_not_installed(guest: Guest) -> None:
    result = guest.run(STEP, {**WANTED, "APT_KEYS": f"{KEYRING} {KEY_URL} {'0' * 40}"})
    assert result.status == 1
    assert len(result.errors) == 1
    assert all(word in result.errors[0] for word in (KEY_URL, KEY_FINGERPRINT, "0" * 40, "w1"))
    assert not guest.exists(KEYRING)


def test_what_is_not_a_key_is_refused_and_not_installed(guest: Guest) -> None:
    guest.web(KEY_URL, "<html>blocked by the proxy</html>\n")
    result = guest.run(STEP, WANTED)
    assert result.status != 0
    assert len(result.errors) == 1
    assert KEY_URL in result.errors[0]
    assert not guest.exists(KEYRING)


def test_the_key_of_a_mirror_is_taken_as_it_is(guest: Guest) -> None:
    assert guest.run(STEP, {**WANTED, "APT_KEYS": f"{KEYRING} {KEY_URL} -"}).status == 0
    assert guest.read(KEYRING) == KEY


def test_a_key_that_cannot_be_fetched_is_one_clear_error(guest: Guest) -> None:
    result = guest.run(STEP, {**WANTED, "APT_KEYS": f"{KEYRING} https://gone.test/key {KEY_FINGERPRINT}"})
    assert result.status == 1
    assert len(result.errors) == 1
    assert "https://gone.test/key" in result.errors[0]
    assert "Connection refused" in result.stderr


@pytest.mark.parametrize(
    ("missing", "module"),
    [("/kernel/sys/net/bridge/bridge-nf-call-iptables", "br_netfilter"), ("/kernel/filesystems", "overlay")],
)
def test_a_kernel_module_that_is_not_there_is_one_clear_error(guest: Guest, missing: str, module: str) -> None:
    guest.answer("modprobe", "exit 1")
    guest.remove(missing)
    guest.write(missing.replace("bridge-nf-call-iptables", "other"), "ext4\n")
    result = guest.run(STEP, WANTED)
    assert result.status == 1
    assert len(result.errors) == 1
    assert module in result.errors[0]
    assert "w1" in result.errors[0]


def test_modules_that_are_built_into_the_kernel_need_no_loading(guest: Guest) -> None:
    guest.answer("modprobe", "exit 1")
    assert guest.run(STEP, WANTED).status == 0


def test_a_kernel_setting_that_cannot_be_made_is_one_clear_error(guest: Guest) -> None:
    guest.answer("sysctl", '[[ $1 == -n ]] || { echo "permission denied on key" >&2; exit 255; }')
    result = guest.run(STEP, WANTED)
    assert result.status == 1
    assert len(result.errors) == 1
    assert "net.ipv4.ip_forward" in result.errors[0]


def test_a_kernel_setting_that_does_not_exist_is_one_clear_error(guest: Guest) -> None:
    guest.answer("sysctl", '[[ $* != *overcommit* ]] || { echo "sysctl: cannot stat $*" >&2; exit 255; }')
    result = guest.run(STEP, WANTED)
    assert result.status == 1
    assert len(result.errors) == 1
    assert "vm.overcommit_memory" in result.errors[0]


def test_a_run_that_was_killed_while_it_wrote_the_sources_is_made_good_by_the_next(guest: Guest) -> None:
    guest.run(STEP, WANTED)
    changed = {**WANTED, "FILES": WANTED["FILES"].replace(f"{MIRROR}/apt", f"{MIRROR}/elsewhere")}
    guest.answer("modprobe", KILLED)
    guest.run(STEP, changed)
    guest.as_usual("modprobe")
    guest.run(STEP, changed)
    assert guest.read("/var/lib/guest/events").count("apt-get update") == 2


def test_a_run_that_was_killed_before_the_authority_was_trusted_is_made_good(guest: Guest) -> None:
    guest.answer("update-ca-certificates", KILLED)
    guest.run(STEP, WANTED)
    guest.as_usual("update-ca-certificates")
    guest.run(STEP, WANTED)
    assert "update-ca-certificates" in guest.read("/var/lib/guest/events")


@pytest.mark.case("D15")
def test_swap_stays_on_where_the_kubelet_is_told_to_bear_it(guest: Guest) -> None:
    node = replace(WORKER, kubelet={"failSwapOn": False, "memorySwap": {"swapBehavior": "LimitedSwap"}})
    before = guest.read("/etc/fstab")
    result = guest.run(STEP, prepare_os.environment(node, SITE, [REPOSITORY]))
    assert (result.status, result.errors) == (0, [])
    assert guest.known("swap") is not None
    assert guest.read("/etc/fstab") == before
    assert guest.known("units/swap.target/enabled") != "masked"


@pytest.mark.case("D15")
@pytest.mark.parametrize("settings", [{}, {"failSwapOn": True}, {"memorySwap": {"swapBehavior": "NoSwap"}}])
def test_swap_is_turned_off_for_every_other_kubelet(settings: dict[str, JsonValue]) -> None:
    node = replace(WORKER, kubelet=settings)
    assert prepare_os.environment(node, SITE, [REPOSITORY])["SWAP"] == "off"
