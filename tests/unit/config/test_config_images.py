"""Images by a word: which lock file knows it, where its file lies, and what it holds."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from components.guest_systems import GUEST_SYSTEMS
from components.records.discovery import default
from config import ConfigError, ImageConfig
from config.load import check_site_file, load_file
from config.platform import BakedConfig
from tests.unit.config.lab_folder import CASES, SHA256, LabFolder

OVA = f"""
      ova: node.ova
      sha256: {SHA256}"""
SUM = "ab" * 32


def lock(folder: Path, **files: str) -> None:
    """A lock file that knows images of Debian 13 and Ubuntu 24.04 by these words, each with its file."""
    images = {
        word.replace("_", "-"): {
            "system": "ubuntu-24.04" if word.startswith("ubuntu") else "debian-13",
            "file": file,
            "sha256": SUM,
            "source": "a test",
            "date": "2026-11-27",
        }
        for word, file in files.items()
    }
    (folder / "images.lock.yaml").write_text(yaml.safe_dump({"images": images}))


def touch(file: Path) -> Path:
    """An image that is there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


def by_word(lab: LabFolder, word: str = "debian-13") -> None:
    """The site says a word in place of ova and sha256."""
    lab.edit_site(OVA, f" {word}")


def fault(lab: LabFolder, environ: Mapping[str, str] | None = None) -> str:
    """The one line that is wrong."""
    with pytest.raises(ConfigError) as raised:
        lab.load(dict(environ or {}))
    (problem,) = raised.value.problems
    return str(problem)


def test_a_word_of_the_site_is_looked_up_beside_the_site_and_its_file_in_the_store(minimal: LabFolder) -> None:
    by_word(minimal)
    lock(minimal.path, debian_13="debian-13-0123.ova")
    ova = touch(minimal.path / "store/debian-13-0123.ova")
    image = ImageConfig(str(ova), SUM, "debian-13")
    lab = minimal.load({"KUBELAB_IMAGES": str(minimal.path / "store")})
    assert [lab.site.vsphere[0].image, *(node.image for node in lab.nodes)] == [image] * 3


@pytest.mark.parametrize(
    ("environ", "store"),
    [
        ({"KUBELAB_IMAGES": "{}/mine", "XDG_CACHE_HOME": "{}/cache", "HOME": "{}"}, "mine"),
        ({"KUBELAB_IMAGES": "", "XDG_CACHE_HOME": "{}/cache", "HOME": "{}"}, "cache/kubelab/images"),
        ({"XDG_CACHE_HOME": "", "HOME": "{}"}, ".cache/kubelab/images"),
    ],
)
def test_the_store_is_where_make_image_keeps_images(environ: Mapping[str, str], store: str, minimal: LabFolder) -> None:
    by_word(minimal)
    lock(minimal.path, debian_13="a.ova")
    ova = touch(minimal.path / store / "a.ova")
    given = {name: value.format(minimal.path) for name, value in environ.items()}
    assert minimal.load(given).site.vsphere[0].image.ova == str(ova)


@pytest.mark.parametrize("file", ["./images/a.ova", "{}/images/a.ova"])
def test_a_file_may_lie_beside_the_lock_or_anywhere(file: str, minimal: LabFolder) -> None:
    by_word(minimal)
    lock(minimal.path, debian_13=file.format(minimal.path))
    ova = touch(minimal.path / "images/a.ova")
    assert minimal.load().site.vsphere[0].image.ova == str(ova)


def node_by_word(lab: LabFolder) -> None:
    """w1 says a word."""
    text = lab.stack.read_text()
    lab.stack.write_text(text.replace("w1: {role: worker}", "w1: {role: worker, image: debian-13}"))


def test_a_word_of_a_node_is_looked_up_beside_the_stack_before_the_site(minimal: LabFolder) -> None:
    node_by_word(minimal)
    lock(minimal.path, debian_13="./sites.ova")
    sites, stacks = touch(minimal.path / "sites.ova"), touch(minimal.stack.parent / "stacks.ova")
    assert minimal.load().nodes[1].image == ImageConfig(str(sites), SUM, "debian-13")
    lock(minimal.stack.parent, debian_13="./stacks.ova")
    assert minimal.load().nodes[1].image == ImageConfig(str(stacks), SUM, "debian-13")
    lock(minimal.stack.parent, ubuntu_a="./stacks.ova")
    assert minimal.load().nodes[1].image == ImageConfig(str(sites), SUM, "debian-13")


def test_a_word_of_the_site_is_not_looked_up_beside_the_stack(minimal: LabFolder) -> None:
    by_word(minimal)
    lock(minimal.stack.parent, debian_13="./a.ova")
    touch(minimal.stack.parent / "a.ova")
    assert fault(minimal) == (
        "site.yaml: platform/vsphere/image: found 'debian-13', but there is no images.lock.yaml; "
        "run `make image OS=debian-13`, or write ova and sha256 in its place"
    )


def test_a_file_that_is_gone_is_said_with_where_it_was(minimal: LabFolder) -> None:
    by_word(minimal, "ubuntu-mine")
    lock(minimal.path, ubuntu_mine="a.ova")
    store = minimal.path / "store"
    assert fault(minimal, {"KUBELAB_IMAGES": str(store)}) == (
        "site.yaml: platform/vsphere/image: found 'ubuntu-mine', but its file store/a.ova is not there: "
        "run `make image OS=ubuntu-24.04`"
    )


def test_a_site_file_alone_is_checked_with_its_image(minimal: LabFolder) -> None:
    by_word(minimal)
    with pytest.raises(ConfigError, match="run `make image OS=debian-13`"):
        check_site_file(minimal.site, {})
    lock(minimal.path, debian_13="./a.ova")
    touch(minimal.path / "a.ova")
    check_site_file(minimal.site, {})


@pytest.mark.parametrize("make", [Path.mkdir, lambda lock: lock.symlink_to("/dev/zero")], ids=["a folder", "a device"])
def test_a_lock_that_is_no_file_is_one_line(make: Callable[[Path], None], minimal: LabFolder) -> None:
    by_word(minimal)
    make(minimal.path / "images.lock.yaml")
    assert fault(minimal).startswith("images.lock.yaml: cannot be read: it is a ")


def test_an_image_holds_what_it_says_or_else_the_default_guest(lab_folder: Callable[[Path], LabFolder]) -> None:
    lab = lab_folder(CASES / "valid" / "40-images-by-word").load()
    assert {node.name: node.system for node in lab.nodes} == {
        "cp1": default(GUEST_SYSTEMS).name,
        "w1": "ubuntu-24.04",
        "w2": "ubuntu-22.04",
        "w3": "ubuntu-24.04",
    }


def test_mirrors_of_docker_are_one_for_all_or_by_distribution(lab_folder: Callable[[Path], LabFolder]) -> None:
    mirrors = lab_folder(CASES / "valid" / "41-guest-systems-and-their-mirrors").load().site.mirrors
    assert mirrors.apt_docker == {
        "ubuntu": "https://mirror.lab/docker/ubuntu",
        "debian": "https://mirror.lab/docker/debian",
    }
    assert mirrors.apt_ubuntu == "https://mirror.lab/ubuntu"


BAKED = "debian-13-baked-lab"


def lock_baked(folder: Path, kubernetes: str = "1.36.3", **runtimes: str) -> None:
    """A lock file that knows an image with a stack inside, which is there."""
    inside = {"stack": "lab", "kubernetes": kubernetes, "runtimes": runtimes}
    lock(folder, debian_13_baked_lab="./a.ova")
    file = folder / "images.lock.yaml"
    images = yaml.safe_load(file.read_text())
    images["images"][BAKED]["baked"] = inside
    file.write_text(yaml.safe_dump(images))
    touch(folder / "a.ova")


def test_an_image_with_the_stack_inside_is_taken_without_a_word(minimal: LabFolder) -> None:
    plain = minimal.load()
    by_word(minimal, BAKED)
    ((version, runtime, release),) = {
        (plain.cluster.kubernetes_version, n.runtime, n.runtime_version) for n in plain.nodes
    }
    lock_baked(minimal.path, version, **{runtime: release})
    lab = minimal.load()
    assert lab.nodes[0].image
    assert lab.nodes[0].image.baked == BakedConfig(BAKED, version, {runtime: release})
    assert lab.warnings == ()


@pytest.mark.parametrize(
    ("inside", "missing"),
    [
        ({"kubernetes": "1.35.1", "containerd": "2.3.4"}, "Kubernetes 1.36.3"),
        ({"crio": "1.36.3"}, "containerd 2.3.4"),
        ({"containerd": "2.2.0"}, "containerd 2.3.4"),
    ],
)
def test_what_an_image_has_otherwise_inside_is_one_warning(
    inside: Mapping[str, str], missing: str, minimal: LabFolder
) -> None:
    by_word(minimal, BAKED)
    lock_baked(minimal.path, **inside)
    (warning,) = minimal.load().warnings
    assert f"found {missing}, and in image {BAKED}, Kubernetes " in warning
    assert warning.endswith("run `make image OS=debian-13 BAKED=1 STACK=lab`")


def test_an_image_with_a_stack_inside_that_is_not_made_says_how(minimal: LabFolder) -> None:
    by_word(minimal, BAKED)
    assert "run `make image OS=debian-13 BAKED=1 STACK=lab`, or write" in fault(minimal)
    lock_baked(minimal.path)
    (minimal.path / "a.ova").unlink()
    assert fault(minimal).endswith("is not there: run `make image OS=debian-13 BAKED=1 STACK=lab`")


def test_what_an_image_is_to_have_inside_is_read_before_it_is_there(minimal: LabFolder) -> None:
    by_word(minimal, BAKED)
    minimal.edit_site("user: root", "user: root\n    passwordFile: nowhere")
    image = ImageConfig("", "0" * 64, "debian-13")
    lab = load_file(minimal.stack, {}, image=image)
    assert {node.image for node in lab.nodes} == {image}
