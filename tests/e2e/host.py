"""The lab's ESXi host and machines, seen past kubelab: straight through the API, the container engine and /proc.

The host may have other labs beside the tests' own; nothing here minds them.
"""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from ssl import create_default_context
from typing import Any

import yaml
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

from provider.vsphere.identity import is_of
from tests.e2e.project import wait_for


def targets(site: Path) -> list[str]:
    """The names of the site file's hosts and vCenters, "" for a single one."""
    return list(_targets(site))


def _targets(site: Path) -> dict[str, Any]:
    vsphere = yaml.safe_load(site.read_text())["platform"]["vsphere"]
    return {each.get("name", ""): each for each in (vsphere if isinstance(vsphere, list) else [vsphere])}


@contextmanager
def connected(site: Path, target: str = "") -> Iterator[Any]:
    """The content of the service at the site file's server, or at that of the target of this name."""
    vsphere = _targets(site)[target]
    server, _, port = vsphere["server"].partition(":")
    service = SmartConnect(
        host=server,
        port=int(port or 443),
        user=vsphere["user"],
        pwd=(site.parent / vsphere["passwordFile"]).read_text().strip(),
        sslContext=create_default_context(cafile=str(site.parent / vsphere["tls"]["caFile"])),
        httpConnectionTimeout=30,
    )
    try:
        yield service.RetrieveContent()
    finally:
        Disconnect(service)


def virtual_machines(content: Any) -> dict[str, Any]:
    """Name -> virtual machine, of all that the host has."""
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    found = {}
    try:
        for machine in view.view:
            with suppress(vmodl.fault.ManagedObjectNotFound):  # it was destroyed since
                found[machine.name] = machine
    finally:
        view.Destroy()
    return found


def everywhere(site: Path) -> dict[str, str]:
    """Name -> the target that has the virtual machine, of all that the site's targets have."""
    found: dict[str, str] = {}
    for target in targets(site):
        with connected(site, target) as content:
            found |= dict.fromkeys(virtual_machines(content), target)
    return found


def power_state(content: Any, name: str) -> str:
    """Of the virtual machine of this name, as the API says it: `poweredOff`."""
    collector = vmodl.query.PropertyCollector
    machine = collector.ObjectSpec(obj=virtual_machines(content)[name])
    power = collector.PropertySpec(type=vim.VirtualMachine, pathSet=["runtime.powerState"])
    (found,) = content.propertyCollector.RetrieveContents([collector.FilterSpec(objectSet=[machine], propSet=[power])])
    return str(found.propSet[0].val)


def configurations(content: Any) -> dict[str, Any]:
    """Name -> configuration of the virtual machine."""
    found = {}
    for name, machine in virtual_machines(content).items():
        with suppress(vmodl.fault.ManagedObjectNotFound):
            found[name] = machine.config
    return {name: configuration for name, configuration in found.items() if configuration is not None}


def owned(content: Any, owner: str) -> set[str]:
    """The machines, base machines of images among them, that carry a mark of this owner ("<project>/<stack>").

    That of any of its states.
    """
    return {
        name
        for name, configuration in configurations(content).items()
        if any(is_of(owner, str(option.value)) for option in configuration.extraConfig)
    }


def orphaned_folders(content: Any) -> set[str]:
    """The top folders of the host's datastores in which no machine of the host has a file."""
    found = folders(content)
    for configuration in configurations(content).values():
        devices = configuration.hardware.device
        files = [configuration.files.vmPathName, *(getattr(each.backing, "fileName", "") for each in devices)]
        found -= {path.partition("] ")[2].partition("/")[0] for path in files if path}
    return found


def folders(content: Any) -> set[str]:
    """The names of the top folders of the host's datastores."""
    found: set[str] = set()
    everything = vim.host.DatastoreBrowser.SearchSpec(matchPattern=["*"])
    for datastore in content.rootFolder.childEntity[0].datastore:
        task = datastore.browser.SearchDatastore_Task(f"[{datastore.name}]", everything)
        finish(task)
        found |= {file.path for file in task.info.result.file}
    return found


def wait_for_end(task: Any) -> None:
    """Wait for a task of the host, whatever comes of it."""
    wait_for(lambda: task.info.state not in ("queued", "running"), 60, "a task of the host")


def finish(task: Any) -> None:
    """Wait for a task of the host; it must succeed."""
    wait_for_end(task)
    assert task.info.state == "success", task.info.error


def create_foreign_vm(content: Any, name: str) -> None:
    """A machine that kubelab did not make."""
    datacenter = content.rootFolder.childEntity[0]
    pool = datacenter.hostFolder.childEntity[0].resourcePool
    files = vim.vm.FileInfo(vmPathName=f"[{datacenter.datastore[0].name}] {name}")
    spec = vim.vm.ConfigSpec(name=name, memoryMB=64, numCPUs=1, guestId="otherGuest64", files=files)
    task = datacenter.vmFolder.CreateVM_Task(spec, pool)
    finish(task)


def destroy_vm(content: Any, name: str) -> None:
    """Remove a machine, whoever made it, if it is there."""
    machine = virtual_machines(content).get(name)
    if machine is not None:
        # One that is off already answers with an error, which is fine here.
        wait_for_end(machine.PowerOffVM_Task())
        finish(machine.Destroy_Task())


def processes(fragment: str) -> dict[int, str]:
    """Pid -> command line, of this machine's processes whose command line holds `fragment`."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if fragment in command:
            found[int(entry.name)] = command
    return found


@contextmanager
def watched_processes() -> Iterator[set[str]]:
    """Every command line seen on this machine, and so in the lab's machines, while the context lasts."""
    seen: set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            seen.update(processes("").values())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def docker(*arguments: str) -> str:
    """What the rig's container engine answers."""
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


def in_machine(name: str, *command: str) -> str:
    """Run a command in the machine of that name, past ssh."""
    return docker("exec", container_of(name), *command)


def run_text(name: str, text: str) -> str:
    """Run a shell script in the machine of that name, past ssh; it must succeed."""
    command = ["docker", "exec", "--interactive", container_of(name), "bash", "-s"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(name: str, *command: str) -> bool:
    """Whether a command succeeds in a machine."""
    found = subprocess.run(["docker", "exec", container_of(name), *command], capture_output=True, check=False)
    return found.returncode == 0


def container_of(name: str) -> str:
    """The id of the running container that is a machine; empty if there is none."""
    return docker("ps", "--quiet", "--filter", f"name=^[0-9a-f]+-{name}-(vm-.+|bare)$").strip()


def containers(*names: str) -> list[str]:
    """The machines of these names that have a container, running or not; twice if they have two."""
    listed = docker("ps", "--all", "--format", "{{.Names}}").split()
    forms = {name: rf"[0-9a-f]+-{re.escape(name)}-vm-\d+\..+" for name in names}
    return sorted(name for name, form in forms.items() for line in listed if re.fullmatch(form, line))


def unused_volumes() -> list[str]:
    """The volumes that no container has."""
    return docker("volume", "ls", "--quiet", "--filter", "dangling=true").split()
