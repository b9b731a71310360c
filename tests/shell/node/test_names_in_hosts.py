"""The names of a lab's nodes in /etc/hosts, where a site has them kept there: a block, and all else its owner's."""

from dataclasses import replace

import pytest

from components.steps.node import prepare_os
from tests.shell.guest.machine import Guest, Result, assert_one_error
from tests.shell.node.reset_machines import make_worker, reset, set_up
from tests.shell.steps import PREPARE_OS
from tests.shell.world import REPOSITORY, SITE, WORKER

OWN = "127.0.0.1 localhost\n127.0.1.1 w1\n\n# ours\n10.9.9.9 printer  # of the second floor\n"
FIRST, LAST = "# BEGIN nodes of this lab, kept by kubelab", "# END nodes of this lab, kept by kubelab"
SETTINGS = "/etc/cloud/cloud.cfg.d/zz-kubelab-hosts.cfg"
NODES = {"cp1": "10.87.0.9", "w1": "10.87.0.11"}
TEXT = """# library: hosts.sh
: "${HOSTS?lines}"
: "${NODE_NAME:?name}"
main() { keep_hosts "$HOSTS"; }
main </dev/null
"""


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    """A machine with names of its owner's."""
    guest.write("/etc/hosts", OWN)


def lines(nodes: dict[str, str]) -> str:
    return "\n".join(f"{address} {name}" for name, address in nodes.items())


def block(nodes: dict[str, str]) -> str:
    return f"{FIRST}\n{lines(nodes)}\n{LAST}\n"


def keep(guest: Guest, nodes: dict[str, str]) -> Result:
    return guest.run_text(TEXT, {"HOSTS": lines(nodes), "NODE_NAME": "w1", "STEP": "test.sh"})


def test_the_block_stands_below_what_is_there_and_a_second_run_changes_nothing(guest: Guest) -> None:
    assert keep(guest, NODES).stderr == "wrote /etc/hosts\n"
    assert guest.read("/etc/hosts") == OWN + block(NODES)
    before = guest.files()
    assert keep(guest, NODES).stderr == ""
    assert guest.files() == before


def test_nodes_that_come_and_go_change_the_block_alone_wherever_it_stands(guest: Guest) -> None:
    guest.write("/etc/hosts", f"{OWN}{block(NODES)}10.9.9.8 scanner\n", mode=0o640)
    fewer = {"cp1": "10.87.0.9", "w2": "10.87.0.12"}
    keep(guest, fewer)
    assert guest.read("/etc/hosts") == f"{OWN}10.9.9.8 scanner\n{block(fewer)}"
    assert guest.mode("/etc/hosts") == 0o640


def test_without_names_to_keep_the_block_goes_and_nothing_else(guest: Guest) -> None:
    guest.write("/etc/cloud/cloud.cfg.d/01_debian_cloud.cfg", "manage_etc_hosts: true\n")
    keep(guest, NODES)
    assert guest.exists(SETTINGS)
    keep(guest, {})
    assert guest.read("/etc/hosts") == OWN
    assert not guest.exists(SETTINGS)


@pytest.mark.parametrize("own", ["", OWN, OWN.rstrip("\n"), f"{OWN}\n\n"])
def test_a_machine_that_never_had_a_block_is_left_alone(guest: Guest, own: str) -> None:
    guest.write("/etc/hosts", own)
    assert keep(guest, {}).stderr == ""
    assert guest.read("/etc/hosts") == own


def test_a_machine_without_the_file_gets_it(guest: Guest) -> None:
    guest.remove("/etc/hosts")
    keep(guest, NODES)
    assert guest.read("/etc/hosts") == block(NODES)
    assert guest.mode("/etc/hosts") == 0o644


def test_a_file_that_is_mounted_is_written_in_its_place(guest: Guest) -> None:
    guest.state("mounts", "/etc/hosts")
    inode = guest.path("/etc/hosts").stat().st_ino
    assert keep(guest, NODES).status == 0
    assert guest.read("/etc/hosts") == OWN + block(NODES)
    assert guest.path("/etc/hosts").stat().st_ino == inode


@pytest.mark.parametrize("left", [f"{FIRST}\n10.87.0.9 cp1\n", f"{LAST}\n", block(NODES) * 2])
def test_a_block_that_is_not_whole_is_refused_and_stays(guest: Guest, left: str) -> None:
    guest.write("/etc/hosts", OWN + left)
    for nodes in (NODES, dict[str, str]()):
        assert_one_error(keep(guest, nodes), "not one whole block", "nothing was changed; remove what is left of it by")
        assert guest.read("/etc/hosts") == OWN + left


def test_cloud_init_is_kept_from_writing_the_file_anew_at_each_boot(guest: Guest) -> None:
    """Pitfall: Debian's images have manage_etc_hosts on, and names are gone after the next reboot."""
    guest.write("/etc/cloud/cloud.cfg.d/01_debian_cloud.cfg", "manage_etc_hosts: true\n")
    keep(guest, NODES)
    assert guest.read(SETTINGS) == "manage_etc_hosts: false\n"


@pytest.mark.parametrize("file", ["cloud-config.txt", "vendor-cloud-config.txt"])
def test_first_boot_data_that_have_the_file_written_anew_are_named(guest: Guest, file: str) -> None:
    guest.write("/etc/cloud/cloud.cfg.d/05_logging.cfg", "")
    guest.write(f"/var/lib/cloud/instance/{file}", "#cloud-config\nmanage_etc_hosts: true\n")
    assert_one_error(keep(guest, NODES), f"found manage_etc_hosts in /var/lib/cloud/instance/{file}", "names: dns")
    assert guest.read("/etc/hosts") == OWN
    guest.write(f"/var/lib/cloud/instance/{file}", "#cloud-config\nmanage_etc_hosts: localhost\n")
    assert keep(guest, NODES).status == 0


def test_another_address_of_a_node_above_the_block_is_told(guest: Guest) -> None:
    guest.write("/etc/hosts", f"{OWN}10.87.0.99 cp1.lab cp1 # cp1 of old\n#10.87.0.98 w1\n")
    result = keep(guest, NODES)
    assert result.status == 0
    assert [line for line in result.stderr.splitlines() if line.startswith("warning: ")] == [
        "warning: /etc/hosts on w1 has cp1 as 10.87.0.99 above kubelab's block, which has it as 10.87.0.9; the first "
        "one counts: remove it"
    ]


def test_the_preparation_keeps_the_names_that_the_site_asks_for(guest: Guest) -> None:
    PREPARE_OS.prepare(guest)
    site = replace(SITE, addresses=replace(SITE.addresses, names="hosts"))
    given = prepare_os.environment(WORKER, site, [REPOSITORY], NODES)
    assert guest.run(PREPARE_OS.file, given).errors == []
    assert guest.read("/etc/hosts") == OWN + block(NODES)
    assert guest.run(PREPARE_OS.file, PREPARE_OS.environment).errors == []
    assert guest.read("/etc/hosts") == OWN


def test_a_reset_takes_the_names_of_the_lab_away(guest: Guest) -> None:
    set_up(guest)
    make_worker(guest, "containerd")
    guest.write("/etc/hosts", OWN + block(NODES))
    guest.write(SETTINGS, "manage_etc_hosts: false\n")
    assert reset(guest, RUNTIME="crio").errors == []
    assert guest.read("/etc/hosts") == OWN
    assert not guest.exists(SETTINGS)
