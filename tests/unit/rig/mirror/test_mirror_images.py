"""The mirror's images: none is missing, their layers are well-formed, a registry can serve their storage."""

import hashlib
import json
import tarfile
from fnmatch import fnmatch
from pathlib import Path

from components.pod_networks import POD_NETWORKS
from components.runtimes import RUNTIMES
from components.steps.node import images as install_images
from config import releases
from config import versions as config_versions
from rig.mirror import versions
from rig.mirror.files import FLANNEL_MANIFEST
from rig.mirror.images import oci
from rig.mirror.images.base_layers import shell_version
from rig.mirror.images.catalog import IMAGES, missing, named_by_kubeadm, named_by_manifest
from rig.mirror.images.debian_layer import merged, wanted
from rig.mirror.images.layers import Blob, Directory, File, Link, Tree, write_layer
from rig.mirror.images.storage import Storage
from rig.mirror.programs import cri_dockerd_release
from rig.mirror.programs.binaries import BUILDS

# What `kubeadm config images list --kubernetes-version=v1.36.3` prints.
KUBEADM_LISTING = """\
registry.k8s.io/kube-apiserver:v1.36.3
registry.k8s.io/kube-controller-manager:v1.36.3
registry.k8s.io/kube-scheduler:v1.36.3
registry.k8s.io/kube-proxy:v1.36.3
registry.k8s.io/coredns/coredns:v1.14.2
registry.k8s.io/pause:3.10.2
registry.k8s.io/etcd:3.6.8-0
"""
SHELL_PROGRAMS = ("sh",)
MANIFEST = """\
      initContainers:
      - name: install-cni-plugin
        image: ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3
      - image: "ghcr.io/flannel-io/flannel:v0.28.9"
        name: install-cni
      containers:
      - name: kube-flannel
        image: ghcr.io/flannel-io/flannel:v0.28.9
        imagePullPolicy: IfNotPresent
"""


def test_the_mirror_has_every_image_that_kubeadm_names() -> None:
    assert missing(named_by_kubeadm(KUBEADM_LISTING)) == []


def test_the_mirror_has_every_image_that_flannels_manifest_names() -> None:
    named = named_by_manifest(MANIFEST)
    assert named == {"ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3", "ghcr.io/flannel-io/flannel:v0.28.9"}
    assert missing(named) == []


def test_an_image_that_the_mirror_lacks_is_reported() -> None:
    assert missing(["registry.k8s.io/etcd:3.7.0-0", "registry.k8s.io/pause:3.10.2"]) == ["registry.k8s.io/etcd:3.7.0-0"]


def test_a_repository_in_the_mirror_begins_with_the_upstream_host() -> None:
    by_reference = {image.reference: (image.repository, image.tag) for image in IMAGES}
    assert by_reference["registry.k8s.io/coredns/coredns:v1.14.2"] == ("registry.k8s.io/coredns/coredns", "v1.14.2")
    assert {image.repository.split("/")[0] for image in IMAGES} == {"registry.k8s.io", "ghcr.io", "docker.io"}


def test_images_name_programs_that_exist_and_start_one_of_them() -> None:
    built = {build.name: {program.output for program in build.programs} for build in BUILDS}
    for image in IMAGES:
        assert all(program in built[build] for build, program in image.programs.values())
        started = (*image.run.entrypoint, *image.run.command)
        if started:
            assert started[0].lstrip("/") in image.programs or started[0] in SHELL_PROGRAMS


def test_the_sandbox_image_runs_without_root() -> None:
    (pause,) = (image for image in IMAGES if image.repository == "registry.k8s.io/pause")
    assert pause.run.user == "65535:65535"


def test_a_layer_is_the_same_for_the_same_content_and_holds_it(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF")
    tree: Tree = {
        "usr/bin/program": File(tmp_path / "program", 0o755),
        "etc/passwd": File(b"root\n"),
        "bin": Link("usr/bin"),
        "tmp": Directory(0o1777),
    }
    first = write_layer(tree, tmp_path / "one.tar")
    again = write_layer(dict(reversed(list(tree.items()))), tmp_path / "two.tar")
    assert first == again
    assert first.digest == hashlib.sha256((tmp_path / "one.tar").read_bytes()).hexdigest()
    assert first.size == (tmp_path / "one.tar").stat().st_size
    with tarfile.open(tmp_path / "one.tar") as archive:
        found = {member.name: (member.type, oct(member.mode)) for member in archive}
        program = archive.extractfile("usr/bin/program")
        assert program is not None
        assert program.read() == b"\x7fELF"
    assert found == {
        "bin": (tarfile.SYMTYPE, "0o777"),
        "etc": (tarfile.DIRTYPE, "0o755"),
        "etc/passwd": (tarfile.REGTYPE, "0o644"),
        "tmp": (tarfile.DIRTYPE, "0o1777"),
        "usr": (tarfile.DIRTYPE, "0o755"),
        "usr/bin": (tarfile.DIRTYPE, "0o755"),
        "usr/bin/program": (tarfile.REGTYPE, "0o755"),
    }


def test_packages_are_unpacked_usr_merged_and_without_documentation() -> None:
    assert merged("./lib/x86_64-linux-gnu/libc.so.6") == "usr/lib/x86_64-linux-gnu/libc.so.6"
    assert merged("./usr/sbin/nft") == "usr/sbin/nft"
    assert wanted("usr/sbin/nft")
    assert wanted("etc/protocols")
    assert not wanted("usr/share/doc/nftables/copyright")
    assert not wanted("usr/lib/x86_64-linux-gnu/gconv/UTF-16.so")


def test_an_image_configuration_names_what_starts_and_its_layers() -> None:
    layers = [Blob("a" * 64, 10), Blob("b" * 64, 20)]
    document = json.loads(oci.config(oci.Run(("/pause",), user="65535:65535"), layers, "amd64"))
    assert document["config"] == {
        "Entrypoint": ["/pause"],
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        "User": "65535:65535",
        "WorkingDir": "/",
    }
    assert document["rootfs"]["diff_ids"] == ["sha256:" + "a" * 64, "sha256:" + "b" * 64]
    assert (document["os"], document["architecture"]) == ("linux", "amd64")


def test_storage_links_a_tag_to_a_manifest_whose_blobs_are_there(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    layer = storage.put_layer({"pause": File(b"pause", 0o755)})
    configuration = storage.put(oci.config(oci.Run(("/pause",)), [layer], "amd64"))
    manifest = storage.put(oci.manifest(configuration, [layer]))
    storage.tag("registry.k8s.io/pause", "3.10.2", manifest, (configuration, layer))

    root = tmp_path / "docker/registry/v2"
    repository = root / "repositories/registry.k8s.io/pause"
    digest = (repository / "_manifests/tags/3.10.2/current/link").read_text().removeprefix("sha256:")
    document = json.loads((root / "blobs/sha256" / digest[:2] / digest / "data").read_bytes())
    for part in (document["config"], *document["layers"]):
        blob = part["digest"].removeprefix("sha256:")
        content = (root / "blobs/sha256" / blob[:2] / blob / "data").read_bytes()
        assert hashlib.sha256(content).hexdigest() == blob
        assert len(content) == part["size"]
        assert (repository / "_layers/sha256" / blob / "link").read_text() == f"sha256:{blob}"


def test_an_image_can_be_taken_over_by_another_storage_under_a_name_of_its_own(tmp_path: Path) -> None:
    source, target = Storage(tmp_path / "mirror"), Storage(tmp_path / "private")
    layer = source.put_layer({"agnhost": File(b"agnhost", 0o755)})
    configuration = source.put(oci.config(oci.Run(("/agnhost",)), [layer], "amd64"))
    manifest = source.put(oci.manifest(configuration, [layer]))
    source.tag("upstream/agnhost", "1", manifest, (configuration, layer))
    target.copy(source, ("upstream/agnhost", "1"), ("private/agnhost", "2"))

    root = tmp_path / "private/docker/registry/v2"
    assert [directory.name for directory in (root / "repositories").iterdir()] == ["private"]
    repository = root / "repositories/private/agnhost"
    assert (repository / "_manifests/tags/2/current/link").read_text() == f"sha256:{manifest.digest}"
    for blob in (manifest, configuration, layer):
        content = (root / "blobs/sha256" / blob.digest[:2] / blob.digest / "data").read_bytes()
        assert hashlib.sha256(content).hexdigest() == blob.digest
    assert {entry.name for entry in (repository / "_layers/sha256").iterdir()} == {configuration.digest, layer.digest}


def test_the_version_of_busybox_is_that_of_debians_package(tmp_path: Path) -> None:
    (tmp_path / "busybox-static_1%3a1.35.0-4+b7_amd64.deb").touch()
    assert shell_version(tmp_path) == "1.35.0"


def test_the_mirror_has_what_the_products_versions_name() -> None:
    release = config_versions.kubernetes(config_versions.TRIED)
    assert release.version == versions.KUBERNETES
    network = POD_NETWORKS["flannel"].releases[versions.FLANNEL]
    assert missing([*install_images.of_runtime(release, network)]) == []
    assert network.manifest.path == FLANNEL_MANIFEST
    assert versions.FLANNEL_MANIFEST_SHA256 in network.manifest.sha256
    assert fnmatch(versions.CRI_TOOLS, release.cri_tools)
    assert fnmatch(versions.CNI_PLUGINS, config_versions.KUBERNETES_CNI)
    mirrored = {"containerd": versions.CONTAINERD, "docker": versions.DOCKER, "crio": versions.CRI_O}
    for runtime, version in mirrored.items():
        assert version in RUNTIMES[runtime].versions
    adapter = releases.adapters()["criDockerd"]
    assert cri_dockerd_release.path("amd64") == adapter.releases[versions.CRI_DOCKERD].path
