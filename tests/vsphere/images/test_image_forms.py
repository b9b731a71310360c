"""What comes of an image on a host: firmware and NVRAM in its machines, remarks before the upload, refused disks."""

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.images.base_machines import Images
from tests.unit.provider.images.ovas import config, item, tar
from tests.vsphere.conftest import OWNER, Driver, Drivers
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.images.ova import ova_bytes
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import Simulator

MakeOva = Callable[..., Ova]
EFI = config("firmware", "efi") + config("bootOptions.efiSecureBootEnabled", "true")


@pytest.fixture
def made_ova(tmp_path: Path) -> MakeOva:
    """Makes variants of the lab's own image: more of hardware in its descriptor, its disk compressed, more files."""

    def make(hardware: str = "", *, files: dict[str, bytes] | None = None, packed: bool = False) -> Ova:
        members = members_of(ova_bytes())
        name = next(name for name in members if name.endswith(".ovf"))
        text = members.pop(name).decode()
        references = "".join(f'<File ovf:id="{file}" ovf:href="{file}"/>' for file in files or {})
        text = text.replace("</References>", f"{references}</References>")
        text = text.replace("</VirtualHardwareSection>", f"{hardware}</VirtualHardwareSection>")
        disks = {name: gzip.compress(data) if packed else data for name, data in members.items()}
        path = tmp_path / "made.ova"
        path.write_bytes(tar({name: text.encode(), **disks, **(files or {})}))
        return Ova(path, hashlib.sha256(path.read_bytes()).hexdigest())

    return make


def members_of(archive: bytes) -> dict[str, bytes]:
    """Files of an archive by name."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {name: stream.read() for name in opened.getnames() if (stream := opened.extractfile(name))}


def with_image(driver: Driver, ova: Ova) -> Driver:
    driver.ova = ova
    return driver


@pytest.mark.case("V4")
def test_firmware_secure_boot_and_nvram_of_an_image_are_its_machines_own_and_set_back(
    simulator: Simulator, driver: Driver, w1: DesiredMachine, made_ova: MakeOva
) -> None:
    nvram = '<vmw:ExtraConfig ovf:required="false" vmw:key="nvram" vmw:value="ovf:/file/n.nvram"/>'
    ova = made_ova(EFI + nvram, files={"n.nvram": b"boot order"})
    w1 = replace(w1, image_sha256=ova.sha256)
    with_image(driver, ova).import_image()
    (base,) = simulator.machines()
    simulator.keep_upload(base, simulator.extra_config(base)["kubelab.nvram"], b"boot order")

    assert driver.machines.create(w1, f"{OWNER}/w1", 30).ready

    def firmware() -> tuple[str, bool]:
        found = simulator.facts("w1", "config.firmware", "config.bootOptions.efiSecureBootEnabled")
        return found["config.firmware"], found["config.bootOptions.efiSecureBootEnabled"]

    assert firmware() == ("efi", True)
    (folder,) = simulator.folders() - {base}
    assert simulator.read_file(folder, "w1.nvram") == b"boot order"

    simulator.reconfigure("w1", firmware="bios", bootOptions=vim.vm.BootOptions(efiSecureBootEnabled=False))
    state = driver.read(w1)
    assert state is not None
    assert (state.firmware, state.lost_firmware) == ("bios", "efi+secureboot")
    assert driver.update(w1).lost_firmware == ""
    assert firmware() == ("efi", True)
    assert any("firmware from bios back to efi+secureboot" in told for told in driver.progress)


@pytest.mark.case("V8")
def test_a_compressed_disk_is_sent_as_what_it_is(simulator: Simulator, driver: Driver, made_ova: MakeOva) -> None:
    disk = next(data for name, data in members_of(ova_bytes()).items() if name.endswith(".vmdk"))
    with_image(driver, made_ova(packed=True)).import_image()
    (base,) = simulator.machines()
    assert simulator.read_file(base, "disk-0-flat.vmdk") == disk


@pytest.mark.case("V15")
def test_what_machines_do_not_get_is_said_before_anything_is_sent(
    proxy: FaultProxy, log_in: Drivers, made_ova: MakeOva
) -> None:
    driver = log_in(proxy)
    told: list[tuple[str, int]] = []
    images = Images(driver.place, driver.progress.append, lambda text: told.append((text, proxy.seen["ImportVApp"])))
    ova = made_ova(item(10, "second card", subtype="VmxNet3") + item(23, "USB", subtype="vmware.usb.ehci"))
    images.acquire(ova.source, "user")
    assert told == [
        (f"image {ova.path}: machines made of it do not get its 1 of 2 network cards, its USB controller", 0)
    ]


@pytest.mark.case("V18")
def test_an_image_that_is_unfit_is_refused_before_the_host_hears_of_it(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, ova: Ova
) -> None:
    driver = log_in(proxy)
    wants_more = replace(ova.source, least_disk_gib=0, nested_virtualization=True)
    old = made_older(ova)
    with pytest.raises(VsphereError, match="it has hardware version vmx-08, nested virtualization needs vmx-09"):
        driver.images.acquire(replace(wants_more, ova=str(old.path), sha256=old.sha256), "user")
    assert not proxy.seen["CreateImportSpec"]
    assert simulator.machines() == {}


def made_older(ova: Ova) -> Ova:
    members = members_of(ova.path.read_bytes())
    old = {
        name: re.sub(rb"vmx-\d+", b"vmx-08", data) if name.endswith(".ovf") else data for name, data in members.items()
    }
    path = ova.path.with_name("old.ova")
    path.write_bytes(tar(old))
    return Ova(path, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.case("V7")
@pytest.mark.parametrize("dropped", [False, True])
def test_a_disk_that_the_host_refuses_is_told_by_the_leases_own_error(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, dropped: bool
) -> None:
    for method in ("PUT nfc", "POST nfc"):
        proxy.add(Rule(method, Action.DROP_BEFORE if dropped else Action.UNAVAILABLE))
    proxy.add(Rule("RetrievePropertiesEx", Action.REWRITE_ANSWER, times=1000, rewrite=_with_an_error_of_the_lease))

    with pytest.raises(VsphereError, match=r"the host refuses .*disk1\.vmdk: .*: Unsupported or invalid disk type 2"):
        log_in(proxy).import_image()
    assert simulator.machines() == {}


def _with_an_error_of_the_lease(answer: bytes) -> bytes:
    error = (
        b'<propSet><name>error</name><val xsi:type="LocalizedMethodFault"><fault xsi:type="SystemError"><reason>no'
        b"</reason></fault><localizedMessage>Unsupported or invalid disk type 2</localizedMessage></val></propSet>"
    )
    return re.sub(rb'(<obj type="HttpNfcLease">[^<]*</obj>)', rb"\1" + error, answer)


@pytest.mark.case("V7")
def test_a_host_that_does_not_ask_for_the_disk_gets_no_image_without_one(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers
) -> None:
    proxy.add(
        Rule("CreateImportSpec", Action.REWRITE_ANSWER, rewrite=lambda answer: answer.replace(b"-disk1.vmdk", b"?"))
    )
    with pytest.raises(VsphereError, match=r"the host does not ask for the disk .*disk1\.vmdk"):
        log_in(proxy).import_image()
    assert simulator.machines() == {}
