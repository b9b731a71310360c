"""Machines that are handed over: what a site file says of them, and what they are made with."""

import os
import subprocess
from pathlib import Path

import yaml

from rig.host.docker import Docker
from rig.node import bare
from rig.node.container import FILES, HostFacts
from rig.services import hosts
from rig.site import render_site
from tests.unit.rig.test_site import SITE

MACHINES = [
    bare.BareMachine("cp1", "10.87.0.113", "ssh-ed25519 AAAA"),
    bare.BareMachine("w1", "10.87.0.114", "ssh-ed25519 BBBB"),
]
DOCKER = Docker(None, "0123456789ab")
FACTS = HostFacts(sys_resource=False, modules=False)


def test_a_site_of_existing_machines_names_no_host_and_has_the_labs_mirror() -> None:
    lab = yaml.safe_load(render_site(SITE))
    site = yaml.safe_load(bare.render(render_site(SITE), MACHINES))
    assert set(site["platform"]) == {"existing"}
    assert site["platform"]["existing"]["machines"]["w1"] == {"address": "10.87.0.114", "hostKey": "ssh-ed25519 BBBB"}
    assert site["mirrors"] == lab["mirrors"]
    assert site["machine"] == {"nestedVirtualization": "prefer"}


def test_machines_are_the_rigs_and_have_firmware_of_their_own() -> None:
    first, second = (bare.arguments(DOCKER, name, "10.87.0.113", "image:1", FACTS) for name in ("cp1", "w1"))
    assert first[-1] == "image:1"
    assert "kubelab.rig=0123456789ab" in first
    identities = [argument for made in (first, second) for argument in made if argument.startswith("VMX_UUID_BIOS=")]
    assert len(set(identities)) == 2


def test_their_addresses_are_no_simulated_hosts() -> None:
    assert all(host.addresses != hosts.BARE_MACHINES for host in hosts.ALL)


def test_a_machine_is_handed_over_with_a_user_who_logs_in_by_key_and_a_host_key(tmp_path: Path) -> None:
    programs, root = tmp_path / "bin", tmp_path / "root"
    programs.mkdir()
    (root / "etc/sudoers.d").mkdir(parents=True)
    (root / "etc/ssh").mkdir()
    for name in ("systemctl", "useradd", "chown", "install", "ssh-keygen"):
        bodies = {
            "install": f'for last in "$@"; do :; done; mkdir -p "$last"; echo "install $*" >>{root}/calls',
            "ssh-keygen": f"echo 'ssh-ed25519 AAAA root@w1' >{root}/etc/ssh/ssh_host_ed25519_key.pub",
        }
        (programs / name).write_text(f"#!/bin/sh\n{bodies.get(name, f'echo {name} $* >>{root}/calls')}\n")
        (programs / name).chmod(0o755)
    text = (FILES / "hand_over.sh").read_text().replace("/etc/", f"{root}/etc/").replace("=/home/", f"={root}/home/")
    script = tmp_path / "hand_over.sh"
    script.write_text(text)
    given = {"USER_NAME": "admin", "AUTHORIZED_KEY": "ssh-ed25519 KEY", "PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", str(script)], env=given, capture_output=True, text=True, check=True)
    assert done.stdout == "ssh-ed25519 AAAA\n"
    assert (root / "home/admin/.ssh/authorized_keys").read_text() == "ssh-ed25519 KEY\n"
    assert (root / "etc/sudoers.d/admin").read_text() == "admin ALL=(ALL) NOPASSWD:ALL\n"
    assert "systemctl restart ssh.service" in (root / "calls").read_text()
