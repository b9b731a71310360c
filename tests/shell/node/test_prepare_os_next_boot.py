"""10-prepare-os.sh: what the next boot would make of the machine, of kernel settings and of swap."""

from collections.abc import Callable

import pytest

from components.steps.node.operating_system import SYSCTLS
from tests.shell.guest.machine import Guest, Result, assert_one_error
from tests.shell.steps import PREPARE_OS, RESET

STEP, WANTED = PREPARE_OS.file, PREPARE_OS.environment
OURS = "/etc/sysctl.d/zz-kubelab.conf"
RECORD = "/etc/kubelab/masked-swap"


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    PREPARE_OS.prepare(guest)


def prepare(guest: Guest) -> Result:
    return guest.run(STEP, WANTED)


def next_boot(guest: Guest) -> dict[str, str]:
    """What a boot sets: of files by their names, the last wins (sysctl.d(5))."""
    settings: dict[str, str] = {}
    for path in sorted((guest.root / "etc/sysctl.d").iterdir(), key=lambda path: path.name):
        text = guest.read("/etc/sysctl.conf") if path.is_symlink() else path.read_text()
        for line in filter(None, text.splitlines()):
            name, _, value = line.partition("=")
            settings[name.strip()] = value.strip()
    return settings


@pytest.mark.case("C5")
class TestKernelSettings:
    @pytest.mark.parametrize("name", ["99-sysctl.conf", "99-zzz-forwarding.conf", "999-mine.conf"])
    def test_ours_are_the_last_of_the_next_boot(self, guest: Guest, name: str) -> None:
        """Debian's 99-sysctl.conf is /etc/sysctl.conf, and was read after ours."""
        guest.write("/etc/sysctl.conf", "net.ipv4.ip_forward=0\nvm.overcommit_memory = 2\n")
        (guest.root / "etc/sysctl.d").mkdir()
        (guest.root / "etc/sysctl.d" / name).symlink_to("../sysctl.conf")
        result = prepare(guest)
        assert (result.status, result.errors) == (0, [])
        assert next_boot(guest) == SYSCTLS
        assert "warning: /etc/sysctl.conf: net.ipv4.ip_forward = 0" in result.stderr

    @pytest.mark.parametrize(
        "line", ["net.ipv4.ip_forward=0", "-net/ipv4/ip_forward = 0", "net.ipv4.conf.all.forwarding=0"]
    )
    def test_a_file_that_is_read_even_later_is_named_with_its_line(self, guest: Guest, line: str) -> None:
        guest.write("/etc/sysctl.d/zzz-mine.conf", f"# by hand\n{line}\n")
        assert_one_error(prepare(guest), "/etc/sysctl.d/zzz-mine.conf: net.ipv4.ip_forward = 0", "remove these lines")

    def test_one_that_says_the_same_is_no_fault(self, guest: Guest) -> None:
        guest.write("/run/sysctl.d/zzz-mine.conf", "net.ipv4.ip_forward = 1\nnet.ipv4.conf.eth0.forwarding=1\n")
        assert prepare(guest).status == 0

    def test_one_network_card_that_does_not_forward_is_named(self, guest: Guest) -> None:
        guest.write("/etc/sysctl.d/10-card.conf", "net.ipv4.conf.eth0.forwarding = 0\n")
        assert_one_error(prepare(guest), "/etc/sysctl.d/10-card.conf: net.ipv4.conf.eth0.forwarding = 0")

    def test_what_ufw_sets_when_it_starts_is_named(self, guest: Guest) -> None:
        guest.write("/etc/ufw/ufw.conf", "ENABLED=yes\n")
        guest.write("/etc/default/ufw", "IPV6=yes\nIPT_SYSCTL=/etc/ufw/sysctl.conf\n")
        guest.write("/etc/ufw/sysctl.conf", "net/ipv4/ip_forward=0\n")
        assert_one_error(prepare(guest), "/etc/ufw/sysctl.conf: net.ipv4.ip_forward = 0")
        guest.write("/etc/ufw/ufw.conf", "ENABLED=no\n")
        assert prepare(guest).status == 0

    def test_our_file_of_a_running_lab_gives_way_to_the_one_of_the_new_name(self, guest: Guest) -> None:
        earlier = {**WANTED, "FILES": WANTED["FILES"].replace(OURS, "/etc/sysctl.d/99-kubelab.conf")}
        guest.run(STEP, earlier)
        assert guest.exists("/etc/sysctl.d/99-kubelab.conf")
        assert prepare(guest).status == 0
        assert [path.name for path in (guest.root / "etc/sysctl.d").iterdir()] == ["zz-kubelab.conf"]


SWAP_LINES = [
    "UUID=2 none swap sw 0 0",
    "/dev/sda2\tnone\tswap\tdefaults\t0\t0",
    "  /swapfile swap swap nofail,pri=10",
    "/swap.img none swap sw,comment=cloudconfig 0 0",
    "LABEL=more\t none  swap",
]
OTHER_LINES = [
    "/dev/sdb1 /mnt/swap ext4 defaults,x-swap 0 2",
    "# was: /dev/sdc none swap sw 0 0",
    "swap /srv tmpfs size=1G 0 0",
]


@pytest.mark.case("C6")
class TestSwap:
    def test_fstab_is_edited_by_its_fields(self, guest: Guest) -> None:
        guest.write("/etc/fstab", "".join(f"{line}\n" for line in [*SWAP_LINES, *OTHER_LINES]))
        assert prepare(guest).status == 0
        assert guest.read("/etc/fstab").splitlines() == [f"# kubelab: {line}" for line in SWAP_LINES] + OTHER_LINES

    @pytest.mark.parametrize("unit", ["dev-sda3.swap", "dev-zram0.swap", "swapfile.swap"])
    def test_a_generated_unit_is_masked_by_its_name(self, guest: Guest, unit: str) -> None:
        """As systemd-gpt-auto-generator and zram-generator make them."""
        guest.state("generated", unit)
        assert prepare(guest).status == 0
        assert guest.known(f"units/{unit}/enabled") == "masked"
        assert guest.known("units/swap.target/enabled") == "masked"

    def test_a_unit_written_by_hand_is_set_aside_and_masked(self, guest: Guest) -> None:
        guest.write(
            "/etc/systemd/system/srv-swap.swap", "[Swap]\nWhat=/srv/swap\n[Install]\nWantedBy=multi-user.target\n"
        )
        assert prepare(guest).status == 0
        assert not guest.exists("/etc/systemd/system/srv-swap.swap")
        assert guest.known("units/srv-swap.swap/enabled") == "masked"

    @pytest.mark.parametrize("service", ["dphys-swapfile", "zramswap"])
    def test_a_service_that_makes_swap_is_masked(self, guest: Guest, service: str) -> None:
        guest.state("generated", f"{service}.service\nssh.service")
        assert prepare(guest).status == 0
        assert guest.known(f"units/{service}/enabled") == "masked"
        assert guest.known("units/ssh/enabled") is None

    def test_a_unit_that_comes_later_is_held_back_too(self, guest: Guest) -> None:
        """systemd reads swap.d for every unit of that kind, whoever wrote it and when (systemd.unit(5))."""
        assert prepare(guest).status == 0
        held = guest.read("/etc/systemd/system/swap.d/kubelab.conf")
        assert held == f"[Unit]\nConditionPathExists=!{RECORD}\n"
        assert guest.exists(RECORD)

    def test_an_images_own_wish_for_swap_is_taken_back(self, guest: Guest) -> None:
        """cloud-init would make it again on a machine that it takes for a new one."""
        guest.write("/etc/cloud/cloud.cfg.d/50-swap.cfg", "swap:\n  filename: /swap.img\n  size: 1G\n")
        assert prepare(guest).status == 0
        assert guest.read("/etc/cloud/cloud.cfg.d/zz-kubelab-swap.cfg") == "swap: {size: 0}\n"

    @pytest.mark.parametrize(
        ("write", "named"),
        [
            (lambda guest: guest.write("/etc/rc.local", "swapon /swapfile\n", mode=0o755), "/etc/rc.local"),
            (lambda guest: guest.write("/etc/cron.d/swap", "@reboot root swapon -a\n"), "/etc/cron.d/swap"),
            (
                lambda guest: (
                    guest.write("/etc/systemd/system/more.service", "[Service]\nExecStart=/sbin/swapon /more\n"),
                    guest.state("units/more/enabled", "enabled"),
                ),
                "/etc/systemd/system/more.service",
            ),
        ],
        ids=["rc.local", "cron", "service"],
    )
    def test_what_may_do_more_than_that_is_refused_by_name(
        self, guest: Guest, write: Callable[[Guest], None], named: str
    ) -> None:
        write(guest)
        assert_one_error(prepare(guest), f"the next boot would turn it on by {named}")

    def test_a_reset_brings_everything_back(self, guest: Guest) -> None:
        text = "[Swap]\nWhat=/srv/swap\n"
        guest.write("/etc/systemd/system/srv-swap.swap", text)
        guest.state("generated", "dev-sda3.swap")
        guest.write("/etc/cloud/cloud.cfg.d/50-swap.cfg", "swap: {size: 1G}\n")
        before = guest.read("/etc/fstab")
        prepare(guest)
        guest.write("/etc/kubelab/runtime", "docker\n")
        assert guest.run(RESET.file, RESET.environment).status == 0
        assert guest.read("/etc/fstab") == before
        assert guest.read("/etc/systemd/system/srv-swap.swap") == text
        for unit in ("swap.target", "srv-swap.swap", "dev-sda3.swap"):
            assert guest.known(f"units/{unit}/enabled") is None
        for left in ("/etc/cloud/cloud.cfg.d/zz-kubelab-swap.cfg", "/etc/systemd/system/swap.d"):
            assert not guest.exists(left)

    def test_a_reset_reads_what_an_earlier_kubelab_recorded(self, guest: Guest) -> None:
        """It masked swap.target alone, and its record is an empty file."""
        guest.write(RECORD, "")
        guest.state("units/swap.target/enabled", "masked")
        guest.state("generated", "dev-sda3.swap")
        prepare(guest)
        assert guest.read(RECORD).split() == ["swap.target", "dev-sda3.swap"]
        guest.write("/etc/kubelab/runtime", "docker\n")
        assert guest.run(RESET.file, RESET.environment).status == 0
        assert guest.known("units/swap.target/enabled") is None

    def test_swap_that_cannot_be_turned_off_is_one_clear_error(self, guest: Guest) -> None:
        guest.answer("swapoff", 'echo "swapoff: /dev/sda2: Cannot allocate memory" >&2; exit 1')
        assert_one_error(prepare(guest), "Cannot allocate memory", "raise machine.memoryMiB")

    def test_a_second_run_changes_nothing(self, guest: Guest) -> None:
        guest.state("generated", "dev-sda3.swap")
        guest.write("/etc/systemd/system/srv-swap.swap", "[Swap]\n")
        prepare(guest)
        before = guest.files()
        result = prepare(guest)
        assert (result.status, result.stderr) == (0, "")
        assert guest.files() == before
