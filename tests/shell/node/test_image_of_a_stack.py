"""Images with a stack inside: the steps in the root of one, and on the machines that are made of it."""

from collections.abc import Callable, Mapping

import pytest

from tests.shell.guest.machine import Guest
from tests.shell.node.installations import EACH
from tests.shell.node.reset_machines import reset, set_up
from tests.shell.steps import INSTALL_KUBERNETES, INSTALL_RUNTIME, LEAVE_IMAGE, PREFLIGHT, PREPARE_OS, Step
from tests.shell.world import WORDS

OTHER = {"containerd": "crio", "crio": "docker", "docker": "containerd"}
SERVICE = {"containerd": "containerd", "crio": "crio", "docker": "docker"}
ROOT_OF_AN_IMAGE = "/run/kubelab-image"

Images = Mapping[str, Guest]


def run(guest: Guest, *steps: Step) -> tuple[str, list[str]]:
    """What steps, which must succeed, said and called."""
    said, calls = "", []
    for step in steps:
        result = guest.run(step.file, step.environment)
        assert (result.status, result.errors) == (0, [])
        said += result.stderr
        calls += guest.calls()
    return said, calls


def among(calls: list[str], *beginnings: str) -> list[str]:
    """The calls that begin with one of these."""
    return [call for call in calls if call.startswith(beginnings)]


def before(word: str) -> tuple[Step, ...]:
    """The steps of a node that an image has behind it."""
    return PREPARE_OS, INSTALL_RUNTIME[word], INSTALL_KUBERNETES


def begin(guest: Guest) -> None:
    """A root file system with nothing of ours, in which an image is to be made."""
    set_up(guest)
    PREFLIGHT.prepare(guest)
    guest.path(ROOT_OF_AN_IMAGE).mkdir(parents=True)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Machines as they are at their first boot, made of images with each runtime inside."""
    made = {word: Guest(tmp_path_factory.mktemp(word) / "guest") for word in WORDS}
    for word, guest in made.items():
        begin(guest)
        run(guest, *before(word), LEAVE_IMAGE.given(SECRET_FILES="/etc/crictl.yaml"))
        guest.path(ROOT_OF_AN_IMAGE).rmdir()
    return made


@pytest.fixture
def boot(guest: Guest, images: Images) -> Callable[[str], None]:
    """Makes the machine one of the image with this runtime inside."""
    return lambda word: guest.become(images[word])


def test_the_kernel_that_makes_an_image_is_left_as_it_is(guest: Guest) -> None:
    begin(guest)
    swap = guest.known("swap")
    _, calls = run(guest, PREPARE_OS)
    assert among(calls, "modprobe", "sysctl", "swapoff", "systemctl mask") == []
    assert swap
    assert guest.known("swap") == swap


@EACH
def test_no_pod_is_run_in_an_image_but_its_images_are_there(guest: Guest, word: str) -> None:
    begin(guest)
    _, calls = run(guest, PREPARE_OS, INSTALL_RUNTIME[word])
    assert among(calls, "crictl runp") == []
    assert among(calls, "crictl pull")


@EACH
def test_nothing_of_the_node_stays_and_no_service_waits_for_the_boot(guest: Guest, images: Images, word: str) -> None:
    guest.become(images[word])
    gone = ("node", "runtime", "kubeadm-patches", "applied/kubelet", "applied/runtime")
    assert [name for name in gone if guest.exists(f"/etc/kubelab/{name}")] == []
    assert not guest.exists("/etc/crictl.yaml")
    for unit in (SERVICE[word], "kubelet"):
        assert guest.known(f"units/{unit}/enabled") != "enabled"
        assert guest.known(f"units/{unit}/active") is None


@EACH
def test_the_image_s_own_is_no_leftover(guest: Guest, boot: Callable[[str], None], word: str) -> None:
    boot(word)
    assert guest.run(PREFLIGHT.file, PREFLIGHT.environment).stderr == ""
    guest.remove("/etc/kubelab/image")
    assert "preflight Leftovers on w1: found packages: " in guest.run(PREFLIGHT.file, PREFLIGHT.environment).stderr


STRANGE: dict[str, tuple[Callable[[Guest], None], str]] = {
    "a pod network": (lambda guest: guest.write("/etc/cni/net.d/10-calico.conflist", "{}\n"), "paths: /etc/cni"),
    "a cluster": (lambda guest: guest.write("/etc/kubernetes/admin.conf", ""), "paths: /etc/kubernetes"),
    "a database": (lambda guest: guest.write("/var/lib/etcd/member/snap/db", ""), "paths: /var/lib/etcd"),
    "a package": (lambda guest: guest.state("packages/podman", "1-1"), "packages: podman"),
    "a link": (lambda guest: guest.state("links", "lo\neth0\ncni0"), "links: cni0"),
}


@pytest.mark.parametrize("what", STRANGE)
def test_what_came_since_is_a_leftover_all_the_same(guest: Guest, boot: Callable[[str], None], what: str) -> None:
    boot("containerd")
    leave, shown = STRANGE[what]
    leave(guest)
    result = guest.run(PREFLIGHT.file, PREFLIGHT.environment)
    assert result.status == 1
    assert f"preflight Leftovers on w1: found {shown}, wanted" in result.stderr


@EACH
def test_the_steps_find_all_of_it_there_and_prove_it(guest: Guest, boot: Callable[[str], None], word: str) -> None:
    boot(word)
    said, calls = run(guest, *before(word))
    assert "installing" not in said
    assert "pulling" not in said
    assert among(calls, "curl", "apt-get", "crictl pull", "docker pull") == []
    assert among(calls, "crictl runp")
    for unit in (SERVICE[word], "kubelet"):
        assert guest.known(f"units/{unit}/enabled") == "enabled"
    assert guest.read("/etc/kubelab/node") == "w1\n"


@EACH
def test_a_node_with_another_runtime_gets_it_beside_one_that_rests(
    guest: Guest, boot: Callable[[str], None], word: str
) -> None:
    boot(word)
    other = OTHER[word]
    run(guest, PREFLIGHT, *before(other))
    assert guest.read("/etc/kubelab/runtime") == f"{other}\n"
    assert guest.known(f"units/{SERVICE[other]}/active") == "active"
    if word != "docker":
        assert guest.known(f"units/{SERVICE[word]}/active") is None


def test_a_clean_installation_takes_nothing_of_the_image_away(guest: Guest, boot: Callable[[str], None]) -> None:
    boot("containerd")
    files = guest.files()
    assert reset(guest, CLEAN_INSTALL="true").status == 0
    assert guest.files() == files
    guest.write("/etc/kubernetes/admin.conf", "")
    assert reset(guest, CLEAN_INSTALL="true").status == 0
    assert not guest.exists("/etc/kubernetes")
    assert not guest.exists("/etc/kubelab")


def test_a_machine_is_never_taken_for_an_image(guest: Guest) -> None:
    files = guest.files()
    result = guest.run(LEAVE_IMAGE.file, LEAVE_IMAGE.environment)
    assert result.status == 1
    assert "this is a machine, and no root of an image" in result.stderr
    assert guest.files() == files
