"""`python -m rig bare`: machines as somebody hands them over: an address, a user, a host key; no host has made them.

Each is a container of the plain guest image on the machines' network, with sshd and a user who may become root.
"""

import shutil
import socket
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rig.catalog import catalog_for
from rig.host import container_engine, network
from rig.host.docker import Docker
from rig.node import container, guests
from rig.node.image import image_name
from rig.services.hosts import BARE_MACHINES
from rig.services.process import ProcessTable
from rig.site import SITE_HEADER
from toolchain.build.part import cache_keys, in_order
from toolchain.errors import SetupError
from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.system.secrets import secret_file

SITE = "site-existing.yaml"
USER = "admin"
HOST_LABEL = "kubelab.host=bare"
HAND_OVER = f"{container.FILES_IN_MACHINE}/hand_over.sh"
HAND_OVER_SECONDS = 180.0
SSH_SECONDS = 60.0
SSH_PORT = 22
POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class BareMachine:
    """What is handed over. `host_key`: its public host key, as sshd has it."""

    name: str
    address: str
    host_key: str


def replace(layout: Layout, names: Sequence[str], progress: Progress) -> None:
    """Machines of these names in place of all there were, and the site file that has them as existing ones.

    No names: none, and no file. SetupError when the lab is not up, there are too many, or one does not come up.
    """
    table = ProcessTable(layout.processes, layout.logs)
    docker = container_engine.current(layout, table)
    if docker is None or not layout.site_file.is_file():
        raise SetupError("bare machines: the lab is not up; run `make rig`")
    hosts = [str(address) for address in IPv4Network(BARE_MACHINES).hosts()]
    if len(names) > len(hosts):
        raise SetupError(f"bare machines: found {len(names)} names, wanted at most {len(hosts)}")
    remove(layout, docker)
    if not names:
        return
    progress.expect(len(names))
    image, public_key = _image(layout), _user_key(layout)
    machines = []
    for name, address in zip(names, hosts, strict=False):
        with progress.step(f"bare machine {name}"):
            machines.append(_made(docker, name, address, image, public_key))
    layout.site_file.with_name(SITE).write_text(render(layout.site_file.read_text(), machines))


def remove(layout: Layout, docker: Docker) -> None:
    """Ends all of them, with their volumes, and removes their site file."""
    doing = "removing bare machines"
    there = docker.listed("container", doing, f"label={docker.label}", f"label={HOST_LABEL}")
    if there:
        docker(doing, "container", "rm", "--force", "--volumes", *there)
    layout.site_file.with_name(SITE).unlink(missing_ok=True)


def directory(layout: Layout) -> Path:
    """Where the key of their user is."""
    return layout.state / "bare"


def render(site: str, machines: Sequence[BareMachine]) -> str:
    """The site file's text, from that of the lab's own site: its mirror and settings, and machines that exist."""
    content = yaml.safe_load(site)
    entries = {each.name: {"address": each.address, "hostKey": each.host_key} for each in machines}
    existing = {"user": USER, "privateKeyFile": "bare/id_ed25519", "machines": entries}
    rest = {key: value for key, value in content.items() if key not in ("platform", "machine", "ssh")}
    # Their size is their own; whether guests run on them is asked all the same.
    asked = {key: value for key, value in content.get("machine", {}).items() if key == "nestedVirtualization"}
    rest |= {"machine": asked} if asked else {}
    return SITE_HEADER + yaml.safe_dump({"platform": {"existing": existing}, **rest}, sort_keys=False, width=1000)


def arguments(docker: Docker, name: str, address: str, image: str, facts: container.HostFacts) -> list[str]:
    """What a machine's container is created with."""
    identity = ["--name", f"{docker.rig}-{name}-bare", "--hostname", name]
    labels = ["--label", docker.label, "--label", HOST_LABEL]
    place = ["--network", network.NAME, "--ip", address]
    # Firmware has an identity of its own on every machine.
    firmware = ["--env", f"KUBELAB_GATEWAY={network.GATEWAY}", "--env", f"VMX_UUID_BIOS={uuid.uuid4()}"]
    return [*identity, *labels, *place, *firmware, *container.run_arguments(facts)[:-1], image]


def _made(docker: Docker, name: str, address: str, image: str, public_key: str) -> BareMachine:
    doing = f"bare machine {name}"
    there = docker(doing, "create", *arguments(docker, name, address, image, container.probe_host())).strip()
    docker(doing, "start", there)
    wanted = ["--env", f"USER_NAME={USER}", "--env", f"AUTHORIZED_KEY={public_key}"]
    host_key = docker(doing, "exec", *wanted, there, HAND_OVER, timeout=HAND_OVER_SECONDS).strip()
    deadline = time.monotonic() + SSH_SECONDS
    while (fault := _unreachable(address)) is not None:
        if time.monotonic() > deadline:
            raise SetupError(f"{doing}: no SSH server at {address} after {SSH_SECONDS:.0f} s: {fault}")
        time.sleep(POLL_SECONDS)
    return BareMachine(name, address, host_key)


def _unreachable(address: str) -> str | None:
    try:
        with socket.create_connection((address, SSH_PORT), timeout=5):
            return None
    except OSError as error:
        return str(error)


def _image(layout: Layout) -> str:
    """The container image of the lab's own guest system, with nothing inside."""
    catalog = catalog_for((), layout)
    keys = cache_keys(in_order(catalog.parts), layout.project)
    return image_name(layout, keys[guests.part_name(catalog.systems[0])])


def _user_key(layout: Layout) -> str:
    """The public key of their user; another one for each set of machines."""
    shutil.rmtree(directory(layout), ignore_errors=True)
    key = Ed25519PrivateKey.generate()
    form, encoding = serialization.PrivateFormat.OpenSSH, serialization.Encoding.PEM
    private = key.private_bytes(encoding, form, serialization.NoEncryption()).decode()
    directory(layout).mkdir(mode=0o700)
    secret_file(directory(layout) / "id_ed25519", private)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return public.decode()
