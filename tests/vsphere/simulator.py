"""A simulated standalone ESXi host as a process of its own, with its own certificate, and a second look into it."""

import os
import shutil
import signal
import ssl
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from provider.vsphere import places
from provider.vsphere.api import collector
from provider.vsphere.api.sdk import Facts, vim
from provider.vsphere.cancel import CancelToken, Deadline
from provider.vsphere.endpoint import Endpoint
from provider.vsphere.machine import Machine
from provider.vsphere.place import Place
from provider.vsphere.placement import NOWHERE, Placement
from provider.vsphere.vcenter import inventory
from tests.readable import is_readable
from tests.vsphere import polled
from tests.vsphere.certificate import Certificate

USER, PASSWORD = "root", "right-password"
DATASTORE, NETWORK = "LocalDS_0", "VM Network"
START_SECONDS = 60


def connected(endpoint: Endpoint, cancel: CancelToken, placement: Placement = NOWHERE) -> Place:
    """A place on the simulated host, or in the simulated vCenter, as the plugin would use it."""
    return places.connected(endpoint, placement, cancel)


class Simulator:
    """A running simulator. Stop it with `stop`."""

    def __init__(
        self,
        esxi: Path,
        directory: Path,
        *arguments: str,
        hours: tuple[int, int] = (-1, 24),
        placement: Placement = NOWHERE,
    ) -> None:
        """`hours`: from when until when its certificate is valid, from now; `placement`: it is a vCenter."""
        arguments = (*arguments, *(("-vcenter",) if placement.in_vcenter else ()))
        directory.mkdir(parents=True, exist_ok=True)
        self.certificate = Certificate(directory, hours=hours)
        password_file = directory / "password"
        password_file.write_text(PASSWORD)
        password_file.chmod(0o600)
        self.log = directory / "simulator.log"
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [
                    *(str(esxi), "-listen", "127.0.0.1:0", "-username", USER, "-password-file", str(password_file)),
                    *("-tls-cert", str(self.certificate.cert), "-tls-key", str(self.certificate.key), *arguments),
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline() if is_readable(self._process.stdout, START_SECONDS) else ""
        if not line.startswith("https://"):
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the simulator did not start: {self.log.read_text()}")
        self.port = int(line.strip().removesuffix("/sdk").rpartition(":")[2])
        self.place = connected(self.pinned(), CancelToken(), placement)
        self._second = self.place.session

    def endpoint(self, *, port: int | None = None, password: str = PASSWORD) -> Endpoint:
        """Where to log in; verified by the simulator's own certificate."""
        return Endpoint("127.0.0.1", port or self.port, USER, password, ca_pem=self.certificate.pem)

    def pinned(self, *, port: int | None = None) -> Endpoint:
        """Where to log in; verified by the pin of the simulator's certificate."""
        return replace(self.endpoint(port=port), ca_pem=None, sha256=self.certificate.sha256)

    def stop(self) -> None:
        """Ends the simulator."""
        self._second.close()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=60)

    @property
    def content(self) -> Any:
        """A session of the tests' own."""
        return self._second.content

    def machines(self) -> dict[str, Any]:
        """All machines by name; two of one name fail."""
        root = collector.read(self._second, "test", self.place.datacenter, ["vmFolder"])["vmFolder"]
        found = [(each.facts["name"], each.ref) for each in inventory.below(self._second, root, vim.VirtualMachine)]
        names = [name for name, _ in found]
        assert len(set(names)) == len(names), f"two machines of one name: {names}"
        return dict(found)

    def facts(self, name: str, *paths: str) -> Facts:
        """Properties of a machine."""
        return collector.read(self._second, "test", self.machines()[name], paths)

    def extra_config(self, name: str) -> dict[str, str]:
        """The extraConfig of a machine."""
        return Machine(self._second, self.machines()[name], name).marks()

    def folders(self) -> set[str]:
        """The folders at the top of the datastore."""
        return {entry.name for entry in self._datastore_path().iterdir() if entry.is_dir()}

    def remove_folders(self, datastore: str) -> None:
        """Whatever is left on a datastore."""
        for folder in self._datastore_path(datastore).iterdir():
            shutil.rmtree(folder)

    def end_other_sessions(self) -> None:
        """Ends every session but the tests' own."""
        manager = self.content.sessionManager
        own = collector.read(self._second, "test", manager, ["currentSession"])["currentSession"].key
        sessions = collector.read(self._second, "test", manager, ["sessionList"])["sessionList"]
        others = [session.key for session in sessions if session.key != own]
        if others:
            manager.TerminateSession(others)

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """Verifies the simulator."""
        return ssl.create_default_context(cadata=self.certificate.pem)

    def run_task(self, task: Any) -> Any:
        """Waits for a task of the tests' own."""
        return polled.result(self._second, task)

    def power_off(self, name: str) -> None:
        """As somebody at the host's console would."""
        self.run_task(self.machines()[name].PowerOffVM_Task())

    def unregister(self, name: str) -> None:
        """As somebody at the host's console would: out of the inventory, its files stay."""
        if str(self.facts(name, "runtime.powerState")["runtime.powerState"]) == "poweredOn":
            self.power_off(name)
        self.machines()[name].UnregisterVM()

    def power_on(self, name: str) -> None:
        """As somebody at the host's console would."""
        self.run_task(self.machines()[name].PowerOnVM_Task(None))

    def reconfigure(self, name: str, **fields: Any) -> None:
        """As somebody at the host's console would."""
        self.run_task(self.machines()[name].ReconfigVM_Task(vim.vm.ConfigSpec(**fields)))

    def take_snapshot(self, name: str, snapshot: str) -> None:
        """As somebody at the host's web page would."""
        self.run_task(self.machines()[name].CreateSnapshot_Task(snapshot, "", False, False))

    def set_extra_config(self, name: str, **values: str) -> None:
        """Sets or, with "", removes keys; dots are written as double underscores."""
        options = [vim.option.OptionValue(key=key.replace("__", "."), value=value) for key, value in values.items()]
        self.reconfigure(name, extraConfig=options)

    def machines_with_mark(self, mark: str) -> list[str]:
        """Names of the machines that carry this mark."""
        return [name for name in self.machines() if self.extra_config(name).get("kubelab.owner") == mark]

    def create_foreign(self, name: str) -> None:
        """A machine that kubelab did not make."""
        spec = vim.vm.ConfigSpec(name=name, files=vim.vm.FileInfo(vmPathName=f"[{DATASTORE}] {name}/{name}.vmx"))
        self.run_task(self.place.folder.CreateVM_Task(spec, self.place.pool))

    def attach_new_disk(self, name: str, folder: str, file: str, before: str = "") -> None:
        """Makes a disk of 1 GiB and attaches it, as a storage driver would; it is listed `before` another one."""
        path = f"[{DATASTORE}] {folder}/{file}"
        if folder not in self.folders():
            self.content.fileManager.MakeDirectory(f"[{DATASTORE}] {folder}", self.place.datacenter, False)
        spec = vim.VirtualDiskManager.FileBackedVirtualDiskSpec(
            diskType="thin", adapterType="lsiLogic", capacityKb=1024 * 1024
        )
        manager = self.content.virtualDiskManager
        self.run_task(manager.CreateVirtualDisk_Task(path, self.place.datacenter, spec))
        device = vim.vm.device
        controller = next(
            found
            for found in self.facts(name, "config.hardware.device")["config.hardware.device"]
            if isinstance(found, device.VirtualSCSIController)
        )
        backing = device.VirtualDisk.FlatVer2BackingInfo(fileName=path, diskMode="persistent")
        disk = device.VirtualDisk(
            key=-1, controllerKey=controller.key, unitNumber=3, capacityInKB=1024 * 1024, backing=backing
        )
        self.reconfigure(name, deviceChange=[device.VirtualDeviceSpec(operation="add", device=disk)])
        if before:
            other = self.detach_disk(name, before)
            self.reconfigure(name, deviceChange=[device.VirtualDeviceSpec(operation="add", device=other)])

    def detach_disk(self, name: str, file: str) -> Any:
        """Takes a disk off a machine and keeps its file; the device that it was."""
        device = vim.vm.device
        disk = next(
            found
            for found in self.facts(name, "config.hardware.device")["config.hardware.device"]
            if isinstance(found, device.VirtualDisk) and found.backing.fileName.endswith(f"/{file}")
        )
        self.reconfigure(name, deviceChange=[device.VirtualDeviceSpec(operation="remove", device=disk)])
        return disk

    def wait_for_another_second(self) -> None:
        """Until the clock shows another second than now, as the times of files do."""
        now = int(time.time())
        while int(time.time()) == now:
            time.sleep(0.05)

    def has_file(self, folder: str, file: str) -> bool:
        """True if the datastore has the file."""
        return (self._datastore_path() / folder / file).is_file()

    def _datastore_path(self, datastore: str = DATASTORE) -> Path:
        ref = self.place.datastore(datastore).ref
        return Path(collector.read(self._second, "test", ref, ["summary.url"])["summary.url"])

    def write_file(self, folder: str, file: str, content: bytes) -> Path:
        """Writes a file into a folder of the datastore; returns where it is on this machine."""
        path = self._datastore_path() / folder / file
        path.write_bytes(content)
        return path

    def keep_upload(self, folder: str, file: str, content: bytes) -> None:
        """As if the file had come with the image that was imported: the simulator keeps disks alone."""
        path = self._datastore_path() / folder / file
        times = path.stat()
        path.write_bytes(content)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def read_file(self, folder: str, file: str) -> bytes:
        """What a file in a folder of the datastore holds."""
        return (self._datastore_path() / folder / file).read_bytes()

    def wait_until_on(self, names: set[str]) -> None:
        """Once all these machines are on."""
        deadline = Deadline(START_SECONDS)
        while True:
            found = self.machines()
            states = collector.read_many(self._second, "test", found.values(), ["name", "runtime.powerState"])
            on = {facts["name"] for facts in states.values() if str(facts["runtime.powerState"]) == "poweredOn"}
            if names <= on:
                return
            assert not deadline.passed, f"still off after {START_SECONDS} s: {sorted(names - on)}"
            self._second.cancel.sleep(0.1, "test")
