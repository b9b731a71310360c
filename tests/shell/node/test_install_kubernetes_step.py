"""30-install-kubernetes.sh: the packages in the declared versions, and the kubelet's settings of the node."""

import pytest

from components.steps.node import images
from tests.shell.guest.machine import KILLED, Guest, Result, assert_one_error
from tests.shell.steps import INSTALL_KUBERNETES, kubelet_patch
from tests.shell.world import RELEASE

VERSION = RELEASE.version
PATCH = "/etc/kubelab/kubeadm-patches/kubeletconfiguration+merge.yaml"
CONFIG = "/var/lib/kubelet/config.yaml"
CHANGED = kubelet_patch({"maxPods": 60})


@pytest.fixture(autouse=True)
def world(guest: Guest) -> None:
    INSTALL_KUBERNETES.prepare(guest)


def install(guest: Guest, **changed: str) -> Result:
    step = INSTALL_KUBERNETES.given(**changed)
    return guest.run(step.file, step.environment)


@pytest.fixture
def member(guest: Guest) -> Guest:
    """A worker that has joined."""
    install(guest)
    guest.write(CONFIG, "maxPods: 50\n")
    guest.write("/etc/kubelab/joined", "")
    return guest


class TestPackages:
    def test_they_are_installed_in_the_declared_versions_and_held(self, guest: Guest) -> None:
        """Pitfalls: packages unpinned and not held; a node without kubeadm, as not every node was said to need it."""
        result = install(guest)
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        names = ("kubelet", "kubeadm", "kubectl", "kubernetes-cni", "cri-tools")
        versions = (*[f"{VERSION}-1"] * 3, "1.1", f"{RELEASE.minor}.1")
        assert tuple(guest.known(f"packages/{name}") for name in names) == versions
        assert {guest.known(f"held/{name}") for name in names} == {"held"}
        assert guest.known("units/kubelet/enabled") == "enabled"

    def test_what_the_kubelet_calls_is_installed_too(self, guest: Guest) -> None:
        install(guest)
        assert [guest.known(f"packages/{name}") for name in ("conntrack", "ethtool", "socat")] == ["1"] * 3

    def test_a_package_in_another_version_is_replaced_by_the_declared_one(self, guest: Guest) -> None:
        install(guest)
        guest.state("packages/kubelet", f"{VERSION}0-1")
        install(guest)
        assert guest.known("packages/kubelet") == f"{VERSION}-1"

    def test_another_kubeadm_before_the_packages_one_is_one_clear_error(self, guest: Guest) -> None:
        guest.answer("kubeadm", "echo v1.20.0; exit 0")
        result = install(guest)
        assert_one_error(result, "v1.20.0", f"v{VERSION}", "w1", "type -a kubeadm")

    def test_a_package_that_cannot_be_installed_is_one_clear_error(self, guest: Guest) -> None:
        guest.answer("apt-get", f"echo \"E: Version '{VERSION}-*' was not found\" >&2; exit 100")
        assert_one_error(install(guest), f"E: Version '{VERSION}-*' was not found")

    def test_a_second_run_changes_nothing(self, guest: Guest) -> None:
        install(guest)
        before = guest.files()
        result = install(guest)
        assert (result.status, result.stderr) == (0, "")
        assert guest.files() == before
        assert not guest.calls("apt-get")

    def test_no_file_of_a_package_is_written(self, guest: Guest) -> None:
        """Pitfalls: settings put into 10-kubeadm.conf and kubeadm-flags.env vanish when the package is reinstalled;
        /etc/default/kubelet with systemd's syntax, an open quote or a space after "=" is ignored without a word."""
        install(guest)
        written = [
            path for path in guest.files() if path.startswith(("/etc/default", "/etc/systemd", "/var/lib/kubelet"))
        ]
        assert written == []


class TestKubeletSettings:
    def test_before_the_join_they_are_a_patch_for_kubeadm(self, guest: Guest) -> None:
        install(guest)
        assert "maxPods: 50" in guest.read(PATCH)
        assert not guest.calls("kubeadm upgrade")
        assert not guest.calls("systemctl restart")

    def test_settings_changed_before_the_join_need_no_kubelet(self, guest: Guest) -> None:
        install(guest)
        assert install(guest, KUBELET_PATCH=CHANGED).status == 0
        assert "maxPods: 60" in guest.read(PATCH)
        assert not guest.calls("systemctl restart")

    def test_the_settings_that_a_node_joined_with_are_not_written_again(self, member: Guest) -> None:
        before = member.files()
        assert install(member).status == 0
        assert member.files() == before
        assert not member.calls("kubeadm upgrade")

    def test_changed_settings_are_taken_over_by_a_member_once(self, member: Guest) -> None:
        assert install(member, KUBELET_PATCH=CHANGED).status == 0
        assert "maxPods: 60" in member.read(CONFIG)
        assert member.calls("systemctl restart") == ["systemctl restart kubelet"]
        before = member.files()
        result = install(member, KUBELET_PATCH=CHANGED)
        assert (result.status, result.stderr) == (0, "")
        assert member.files() == before
        assert not member.calls("systemctl restart")

    @pytest.mark.parametrize("command", ["kubeadm", "systemctl"])
    def test_a_run_that_was_killed_on_the_way_is_made_good_by_the_next(self, member: Guest, command: str) -> None:
        member.answer(command, f"[[ $1 != upgrade && $1 != restart ]] || {{ {KILLED}; }}")
        install(member, KUBELET_PATCH=CHANGED)
        member.as_usual(command)
        assert install(member, KUBELET_PATCH=CHANGED).status == 0
        assert "maxPods: 60" in member.read(CONFIG)
        assert member.calls("systemctl restart kubelet")

    def test_settings_that_kubeadm_cannot_write_are_one_clear_error(self, member: Guest) -> None:
        member.answer("kubeadm", '[[ $1 != upgrade ]] || { echo "unknown field maxPds" >&2; exit 1; }')
        assert_one_error(install(member, KUBELET_PATCH=CHANGED), "w1", "unknown field maxPds")
        assert not member.calls("systemctl restart")

    def test_a_kubelet_that_does_not_come_back_is_one_clear_error_and_is_put_back(self, member: Guest) -> None:
        """The engine sees no difference once the change is taken back, and runs nothing."""
        before = {path: file.text for path, file in member.files().items() if not path.startswith("/var/log/")}
        member.remove("/local/web/127.0.0.1:10248/healthz")
        assert_one_error(install(member, KUBELET_PATCH=CHANGED), "the kubelet on w1", "404", "journalctl -u kubelet")
        after = {path: file.text for path, file in member.files().items() if not path.startswith("/var/log/")}
        assert {path: text for path, text in after.items() if not path.startswith("/var/lib/guest/")} == {
            path: text for path, text in before.items() if not path.startswith("/var/lib/guest/")
        }
        assert len(member.calls("systemctl restart kubelet")) == 2

    @pytest.mark.parametrize("file", ["config.yaml", "kubeadm-patches"])
    def test_a_copy_that_cannot_be_kept_ends_it_before_anything_is_changed(self, member: Guest, file: str) -> None:
        before = (member.read(CONFIG), member.read(PATCH))
        member.no_space_for(file)
        assert_one_error(install(member, KUBELET_PATCH=CHANGED), "w1", file, "No space left on device")
        assert (member.read(CONFIG), member.read(PATCH)) == before
        assert not member.calls("systemctl restart")

    def test_what_a_join_left_that_did_not_finish_is_for_its_own_step_to_clear(self, member: Guest) -> None:
        member.remove("/etc/kubelab/joined")
        result = install(member, KUBELET_PATCH=CHANGED)
        assert (result.status, result.errors) == (0, [])
        assert not member.calls("kubeadm upgrade")


class TestImages:
    def test_a_worker_pulls_those_of_kubeadms_list_that_run_on_it(self, guest: Guest) -> None:
        """Tags of etcd and CoreDNS differ between patch releases: only kubeadm knows them."""
        install(guest)
        assert guest.calls("crictl pull") == [
            f"crictl pull registry.k8s.io/kube-proxy:v{VERSION}",
            "crictl pull registry.k8s.io/coredns/coredns:v1.14.2",
            "crictl pull registry.k8s.io/pause:3.10.2",
        ]

    def test_a_control_plane_pulls_the_whole_list(self, guest: Guest) -> None:
        install(guest, IMAGES=images.of_kubeadm("controlPlane"))
        assert "crictl pull registry.k8s.io/etcd:3.6.8-0" in guest.calls("crictl pull")

    def test_a_list_without_them_is_one_clear_error(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != config ]] || { echo registry.example/other:1; exit 0; }")
        assert_one_error(install(guest), "w1", "registry.example/other:1", images.of_kubeadm("worker"))

    def test_a_member_has_its_images_and_pulls_none(self, member: Guest) -> None:
        install(member, KUBELET_PATCH=CHANGED)
        assert not member.calls("crictl pull")
