"""How others see the lab: `.rig/site.yaml` for the product, `.rig/services.env` for shells."""

import socket
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from config import LabConfig
from config.images.lock import LOCK_FILE as PRODUCTS_LOCK_FILE
from config.images.lock import LockFile, file_of
from config.load import load as load_lab
from config.model import parse
from config.reading.document import read_document
from config.versions import TRIED
from images.store import Baked, Image
from rig.mirror.programs import cri_dockerd_release
from rig.node.guests import Guest
from rig.services import hosts
from rig.services.mirror import MIRROR
from rig.site import KEYS_BY_FINGERPRINT, LOCK_FILE, Site, render_lock, render_services_env, render_site

SITE = Site(
    targets=[hosts.ESXI.target("127.0.0.1:8989")],
    image="debian-13",
    network="10.87.0.0/24",
    mirror=MIRROR,
    extra_config={"RUN.container": '["--privileged", "image-of-disk"]'},
)
INSIDE = Baked("containerd", TRIED, {"containerd": "2.3.4"})
GUESTS = (
    Guest(Image("debian-13", "image.ova", "ab" * 32, "Debian trixie, 400 packages", "2026-11-27"), "0123abcd", 5),
    Guest(Image("debian-12", "image.ova", "cd" * 32, "Debian bookworm: it's 300", "2026-11-28"), "4567abcd", 6),
    Guest(Image("debian-13", "image.ova", "ef" * 32, "with more", "2026-11-28", INSIDE), "89ababcd", 7),
)
NODES = {"cp1": {"role": "controlPlane"}, "w1": {"role": "worker"}}


def image_of(tmp_path: Path, guest: Guest) -> Path:
    """The OVA of a guest system in the cache of built parts."""
    file = tmp_path / "cache" / f"guest-{guest.image.word}" / "image.ova"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("ova")
    return file


def load(tmp_path: Path, site: Site, nodes: Mapping[str, Mapping[str, str]] = NODES) -> LabConfig:
    return load_text(tmp_path, render_site(site), nodes)


def load_text(tmp_path: Path, text: str, nodes: Mapping[str, Mapping[str, str]] = NODES) -> LabConfig:
    rig = tmp_path / ".rig"
    passwords = {f"{host.name}/password": "secret\n" for host in hosts.ALL}
    files = {
        LOCK_FILE: render_lock((image_of(tmp_path, guest), guest) for guest in GUESTS),
        "site.yaml": text,
        "ca/ca.pem": certificate(tmp_path),
        **passwords,
    }
    for name, content in files.items():
        (rig / name).parent.mkdir(parents=True, exist_ok=True)
        (rig / name).write_text(content)
    for name in passwords:
        (rig / name).chmod(0o600)
    stacks = tmp_path / "stacks"
    stacks.mkdir()
    cluster = {"kubernetesVersion": TRIED, "runtime": "containerd"}
    return load_lab("containerd", cluster, nodes, "../.rig/site.yaml", stacks, {})


def test_machines_are_warned_of_what_their_host_lacks_and_no_check_of_it_is_hidden(tmp_path: Path) -> None:
    lab = load(tmp_path, SITE)
    assert {node.machine.nested_virtualization for node in lab.nodes} == {"prefer"}
    assert "NestedVirtualization" not in lab.site.ignore_preflight_errors


def certificate(tmp_path: Path) -> str:
    from rig.services.certificates import ensure_authority

    ensure_authority(tmp_path / "authority")
    return (tmp_path / "authority" / "ca.pem").read_text()


def test_the_configuration_accepts_the_rigs_site_file(tmp_path: Path) -> None:
    site = load(tmp_path, SITE).site
    assert (site.vsphere[0].server, site.vsphere[0].port) == ("127.0.0.1", 8989)
    assert site.mirrors.files == "https://10.87.0.1:8443/files"
    assert site.mirrors.apt_kubernetes == "https://10.87.0.1:8443/apt/kubernetes"
    assert site.mirrors.apt_crio == "https://10.87.0.1:8443/apt/crio"
    assert {registry.host: registry.mirror for registry in site.registries} == {
        host: f"https://10.87.0.1:5443/v2/{host}" for host in ("docker.io", "ghcr.io", "registry.k8s.io")
    }


def test_machines_have_the_labs_image_by_its_word(tmp_path: Path) -> None:
    image = load(tmp_path, SITE).site.vsphere[0].image
    assert (image.ova, image.sha256, image.system) == (
        str(image_of(tmp_path, GUESTS[0])),
        GUESTS[0].image.sha256,
        "debian-13",
    )


def test_a_node_of_a_stack_can_have_another_of_the_labs_images(tmp_path: Path) -> None:
    lab = load(tmp_path, SITE, {**NODES, "w1": {"role": "worker", "image": "debian-12"}})
    assert {node.name: node.system for node in lab.nodes} == {"cp1": "debian-13", "w1": "debian-12"}
    assert {node.image.sha256 for node in lab.nodes if node.image} == {guest.image.sha256 for guest in GUESTS[:2]}


def test_the_lock_file_says_all_that_is_known_of_an_image(tmp_path: Path) -> None:
    lock = tmp_path / LOCK_FILE
    lock.write_text(render_lock((image_of(tmp_path, guest), guest) for guest in GUESTS))
    assert lock.name == PRODUCTS_LOCK_FILE
    data, unreadable = read_document(lock)
    content, faults = parse(LockFile, data, str(lock))
    assert content is not None
    assert (unreadable, faults) == ([], [])
    for guest in GUESTS:
        entry = content.images[guest.image.word]
        assert (entry.system, entry.sha256, entry.source, entry.date) == (
            guest.image.system,
            guest.image.sha256,
            guest.image.source,
            guest.image.date,
        )
        assert file_of(entry, lock, tmp_path / "another store") == image_of(tmp_path, guest)


def test_the_lock_file_names_images_from_wherever_it_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (image,) = yaml.safe_load(render_lock([(Path("a.ova"), GUESTS[0])]))["images"].values()
    assert image["file"] == str(tmp_path / "a.ova")


def test_what_the_mirror_built_itself_comes_with_its_versions_and_checksums(tmp_path: Path) -> None:
    own = cri_dockerd_release.path("amd64")
    mirror = replace(MIRROR, checksums={own: "cd" * 32})
    site = replace(SITE, mirror=mirror, runtime_versions={"docker": "20.10.24", "criDockerd": "0.4.4"})
    lab = load(tmp_path, site)
    assert lab.site.mirrors.checksums == {own: "cd" * 32}
    assert (lab.cluster.runtime_versions["docker"], lab.cluster.runtime_versions["criDockerd"]) == ("20.10.24", "0.4.4")


@pytest.mark.case("T12")
def test_the_mirrors_keys_are_checked_by_fingerprint_and_one_is_taken_by_tls(tmp_path: Path) -> None:
    keys = dict.fromkeys(KEYS_BY_FINGERPRINT, "0123456789ABCDEF0123456789ABCDEF01234567")
    lab = load(tmp_path, replace(SITE, mirror=replace(MIRROR, package_keys=keys)))
    assert lab.site.mirrors.package_keys == keys
    assert set(keys) == {"kubernetes", "crio", "debian"}


def test_machines_that_are_translated_have_longer_to_start(tmp_path: Path) -> None:
    lab = load(tmp_path, replace(SITE, start_seconds=900))
    assert {node.machine.start_seconds for node in lab.nodes} == {900}


def test_a_restricted_hosts_workarounds_are_ordinary_product_options() -> None:
    restricted = replace(SITE, fail_cgroup_v1=False, conntrack=False)
    document = yaml.safe_load(render_site(restricted))
    assert document["kubelet"]["failCgroupV1"] is False
    assert document["kubeProxy"] == {"conntrack": {"maxPerCore": 0, "min": 0}}


def test_an_ordinary_host_gets_no_workaround() -> None:
    document = yaml.safe_load(render_site(SITE))
    assert "failCgroupV1" not in document["kubelet"]
    assert document["kubeProxy"] == {}


def test_a_nearly_full_disk_of_the_machine_beneath_costs_no_pod_and_no_image(tmp_path: Path) -> None:
    """A kubelet counts the whole disk of the machine that carries the lab as its own."""
    kubelet = load(tmp_path, SITE).nodes[0].kubelet
    assert kubelet["imageGCHighThresholdPercent"] == 100
    eviction = kubelet["evictionHard"]
    assert isinstance(eviction, dict)
    assert {eviction[f"{disk}.available"] for disk in ("nodefs", "imagefs")} == {"512Mi"}


def test_the_site_file_holds_no_secret_and_no_absolute_path() -> None:
    text = render_site(SITE)
    assert "passwordFile" in text
    assert "password:" not in text
    assert ": /" not in text


def test_a_site_of_two_hosts_has_them_by_name_with_credentials_of_their_own(tmp_path: Path) -> None:
    targets = [hosts.ESXI.target("127.0.0.1:8989"), hosts.ESXI_2.target("127.0.0.1:8990")]
    declared = {"cp1": {"role": "controlPlane", "host": "esxi"}, "w1": {"role": "worker", "host": "esxi-2"}}
    lab = load(tmp_path, replace(SITE, targets=targets), declared)
    assert {node.name: node.host for node in lab.nodes} == {"cp1": "esxi", "w1": "esxi-2"}
    assert [(each.name, each.port) for each in lab.site.vsphere] == [("esxi", 8989), ("esxi-2", 8990)]
    shown = yaml.safe_load(render_site(replace(SITE, targets=targets)))["platform"]["vsphere"]
    assert [each["passwordFile"] for each in shown] == ["esxi/password", "esxi-2/password"]


def test_a_vcenters_site_names_the_places_of_its_inventory(tmp_path: Path) -> None:
    (vcenter,) = load(tmp_path, replace(SITE, targets=[hosts.VCENTER.target("127.0.0.1:8991")])).site.vsphere
    assert vcenter.placement.in_vcenter
    assert vcenter.placement.linked
    inventory = (Path(__file__).parents[3] / "rig/esxi/vcenter.go").read_text()
    for key in ("datacenter", "cluster", "resourcePool", "datastore", "network"):
        assert hosts.VCENTER.keys[key] in inventory, key


def docker_host(services_env: str) -> str:
    script = f'{services_env}\nprintf %s "${{DOCKER_HOST:-none}}"'
    return subprocess.run(["/bin/sh", "-eu", "-c", script], env={}, capture_output=True, text=True, check=True).stdout


def test_shells_find_the_labs_own_container_engine_while_its_socket_is_there(tmp_path: Path) -> None:
    file = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(file))
        assert docker_host(render_services_env(f"unix://{file}")) == f"unix://{file}"
    file.unlink()
    assert docker_host(render_services_env(f"unix://{file}")) == "none"


def test_shells_find_the_hosts_own_container_engine_where_it_is() -> None:
    assert docker_host(render_services_env("tcp://127.0.0.1:2375")) == "tcp://127.0.0.1:2375"
    assert docker_host(render_services_env(None)) == "none"
