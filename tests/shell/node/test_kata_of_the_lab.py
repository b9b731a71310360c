"""Kata from the lab's mirror: a stand-in, installed as upstream's archive is, that says what it is where it is run."""

import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from components.handlers import HANDLERS, kata
from components.steps.node import install_runtime
from config import HandlerConfig
from rig.mirror.programs import kata_stand_in
from tests.shell.guest.machine import Guest, Result
from tests.shell.world import CLUSTER, MIRROR, SITE
from tests.unit.components.handlers.declared import handler, node
from toolchain.build.part import Workplace

pytestmark = pytest.mark.host
DEVICES = "ln -sf /dev/null /dev/vhost-vsock; ln -sf /dev/null /dev/vhost-net"


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the lab's mirror serves of Kata."""
    folder = tmp_path_factory.mktemp("mirror")
    kata_stand_in.part().build(Workplace({}, None, folder / "log", os.environ), folder / "files")
    return folder / "files"


def install(guest: Guest, runtime: str, declared: HandlerConfig, files: Path) -> Result:
    """Run the step of a runtime, by a site that knows the checksums of the mirror's own archives."""
    path = HANDLERS["kata"].releases[declared.version].path
    archive = (files / path).read_bytes()
    guest.web(f"{MIRROR}/files/{path}", archive)
    guest.answer("modprobe", DEVICES)
    mirrors = replace(SITE.mirrors, checksums={**SITE.mirrors.checksums, path: hashlib.sha256(archive).hexdigest()})
    cluster, site = replace(CLUSTER, handlers=(declared,)), replace(SITE, mirrors=mirrors)
    given = install_runtime.environment(node(runtime, declared), cluster, site)
    return guest.run(f"20-install-{runtime}.sh", given)


@pytest.mark.parametrize(("runtime", "hypervisor"), [("containerd", "qemu"), ("crio", "cloud-hypervisor")])
def test_it_is_installed_whole_and_runs_no_machine(guest: Guest, runtime: str, hypervisor: str, mirrored: Path) -> None:
    result = install(guest, runtime, handler("kata", hypervisor), mirrored)
    assert result.status == 0, result.stderr
    variant = HANDLERS["kata"].variants[hypervisor]
    assert all(guest.exists(path) for path in (*variant.files, *(each.path for each in variant.programs)))
    assert "stand-in" in guest.read(f"{kata.FOLDER}/VERSION")
    started = subprocess.run([guest.path(kata.SHIM), "start"], capture_output=True, text=True, timeout=10, check=False)
    assert started.returncode == 1
    assert kata_stand_in.LABEL in started.stderr
