"""20-install-containerd.sh, -crio.sh and -docker.sh: images, credentials, and files of others."""

import pytest

from components import registries
from components.guest_file import render_files
from components.records.runtime import RuntimeSettings
from components.runtimes import RUNTIMES
from tests.shell.guest.machine import Guest
from tests.shell.node.installations import EACH, assert_one_error, install, refuse
from tests.shell.steps import INSTALL_RUNTIME
from tests.shell.world import RELEASE
from tests.unit.components import labs

pytestmark = pytest.mark.usefixtures("downloads")


@EACH
class TestEveryRuntime:
    def test_every_image_of_the_node_is_pulled_before_a_kubelet_needs_it(self, guest: Guest, word: str) -> None:
        """Pitfall: init "hangs" silently while it pulls."""
        install(guest, word)
        wanted = INSTALL_RUNTIME[word].environment["IMAGES"].split()
        assert {guest.known(f"images/{image.replace('/', '_')}") for image in wanted} == {"pulled"}

    def test_images_have_the_registry_in_their_names(self, guest: Guest, word: str) -> None:
        """Pitfall: CRI-O with "no registries configured while trying to pull an unqualified image"."""
        install(guest, word)
        pulled = [call.split()[-1] for call in guest.calls(" pull ")]
        assert pulled
        assert all("." in image.split("/")[0] for image in pulled)

    def test_only_images_that_are_missing_are_pulled(self, guest: Guest, word: str) -> None:
        missing, *there = INSTALL_RUNTIME[word].environment["IMAGES"].split()
        for image in there:
            guest.state(f"images/{image.replace('/', '_')}", "pulled")
        install(guest, word)
        (call,) = guest.calls(" pull ")
        assert call.endswith(missing.partition("/")[2])

    def test_an_image_that_cannot_be_pulled_is_named_with_the_reason(self, guest: Guest, word: str) -> None:
        for command in ("crictl", "docker"):
            refuse(guest, command, '[[ "$*" == *pull*agnhost* ]]', "reason: 404 not found")
        result = install(guest, word)
        assert_one_error(result, "reason: 404 not found")
        assert RELEASE.agnhost_image in result.errors[0]

    def test_credentials_of_a_registry_are_readable_by_root_alone_and_never_shown(
        self, guest: Guest, word: str
    ) -> None:
        settings = RuntimeSettings(RELEASE.pause_image, (labs.GUARDED_MIRROR,), 1000, 1)
        secret = registries.basic_authorization(labs.GUARDED_MIRROR)
        assert secret
        result = install(guest, word, FILES=render_files(RUNTIMES[word].files(settings)))
        assert result.status == 0
        holding = [file for file in guest.files().values() if secret in file.text]
        assert holding
        assert {file.mode for file in holding} == {0o600}
        assert not [text for text in (result.stderr, *guest.calls()) if secret in text]

    def test_no_file_of_a_package_is_written(self, guest: Guest, word: str) -> None:
        """Pitfall: settings put into files of a package vanish when it is reinstalled."""
        install(guest, word)
        owned = ("/etc/default/", "10-kubeadm.conf", "kubeadm-flags.env", "/etc/crio/crio.conf\n", "10-crio.conf")
        assert not [path for path in guest.files() for name in owned if name in f"{path}\n"]
