"""20-install-docker.sh: what only Docker and cri-dockerd need."""

import hashlib
import json

import pytest

from components import registries
from tests.shell.guest.machine import KILLED, Guest
from tests.shell.node.installations import assert_one_error, install, refuse
from tests.shell.steps import INSTALL_RUNTIME
from tests.shell.world import MIRROR, REGISTRY, cri_dockerd_archive

DOCKER = INSTALL_RUNTIME["docker"]
pytestmark = pytest.mark.usefixtures("downloads")


class TestDocker:
    def test_cri_dockerd_is_installed_from_the_archive_with_a_known_checksum(self, guest: Guest) -> None:
        install(guest, "docker")
        assert guest.read("/usr/local/bin/cri-dockerd") == "#!/bin/sh\n"
        assert guest.mode("/usr/local/bin/cri-dockerd") == 0o755

    def test_an_archive_with_another_checksum_is_refused_and_not_installed(self, guest: Guest) -> None:
        changed = cri_dockerd_archive("#!/bin/sh\n# changed on the way\n")
        guest.web(DOCKER.environment["CRI_DOCKERD_URL"], changed)
        result = install(guest, "docker")
        assert_one_error(result, DOCKER.environment["CRI_DOCKERD_URL"], DOCKER.environment["CRI_DOCKERD_SHA256"])
        assert hashlib.sha256(changed).hexdigest() in result.errors[0]
        assert not guest.exists("/usr/local/bin/cri-dockerd")

    def test_an_archive_that_cannot_be_fetched_is_one_clear_error(self, guest: Guest) -> None:
        result = install(guest, "docker", CRI_DOCKERD_URL=f"{MIRROR}/files/gone.tgz")
        assert_one_error(result, f"{MIRROR}/files/gone.tgz", "404")

    def test_another_version_takes_the_place_of_the_earlier_and_is_started(self, guest: Guest) -> None:
        install(guest, "docker")
        newer = cri_dockerd_archive("#!/bin/sh\n# newer\n")
        guest.web(f"{MIRROR}/files/newer.tgz", newer)
        changed = {
            "CRI_DOCKERD_VERSION": "9.9.9",
            "CRI_DOCKERD_URL": f"{MIRROR}/files/newer.tgz",
            "CRI_DOCKERD_SHA256": hashlib.sha256(newer).hexdigest(),
        }
        assert install(guest, "docker", **changed).status == 0
        assert "# newer" in guest.read("/usr/local/bin/cri-dockerd")
        assert "systemctl restart cri-docker" in guest.calls()
        install(guest, "docker", **changed)
        assert not guest.calls("curl")

    def test_a_version_that_was_unpacked_by_a_killed_run_is_started_by_the_next(self, guest: Guest) -> None:
        install(guest, "docker")
        newer = cri_dockerd_archive("#!/bin/sh\n# newer\n")
        guest.web(DOCKER.environment["CRI_DOCKERD_URL"], newer)
        checksum = hashlib.sha256(newer).hexdigest()
        guest.answer("systemctl", f"[[ $1 != daemon-reload ]] || {{ {KILLED}; }}")
        install(guest, "docker", CRI_DOCKERD_SHA256=checksum)
        guest.as_usual("systemctl")
        assert install(guest, "docker", CRI_DOCKERD_SHA256=checksum).status == 0
        assert "systemctl restart cri-docker" in guest.calls()

    def test_a_version_that_a_killed_run_unpacked_and_is_taken_back_is_gone(self, guest: Guest) -> None:
        install(guest, "docker")
        newer = cri_dockerd_archive("#!/bin/sh\n# newer\n")
        guest.web(f"{MIRROR}/files/newer.tgz", newer)
        killed = f'#!/bin/bash\n/usr/bin/mv "$@"\n[[ ${{*: -1}} != */cri-dockerd ]] || {{ {KILLED}; }}\n'
        guest.write("/local/sbin/mv", killed, mode=0o755)
        checksum = hashlib.sha256(newer).hexdigest()
        changed = {"CRI_DOCKERD_VERSION": "9.9.9", "CRI_DOCKERD_URL": f"{MIRROR}/files/newer.tgz"}
        install(guest, "docker", CRI_DOCKERD_SHA256=checksum, **changed)
        assert "# newer" in guest.read("/usr/local/bin/cri-dockerd")
        guest.remove("/local/sbin/mv")
        assert install(guest, "docker").status == 0
        assert guest.read("/usr/local/bin/cri-dockerd") == "#!/bin/sh\n"
        assert "systemctl restart cri-docker" in guest.calls()

    def test_its_unit_is_read_before_it_is_started(self, guest: Guest) -> None:
        install(guest, "docker")
        calls = guest.calls("systemctl")
        assert calls.index("systemctl daemon-reload") < calls.index("systemctl restart cri-docker")

    def test_a_client_of_another_version_is_one_clear_error(self, guest: Guest) -> None:
        """Pitfall: docker-ce 19.03.3-beta with docker-ce-cli 19.03.2, of the test channel."""
        guest.answer("docker", "[[ $1 != version ]] || { echo '19.03.3-beta 19.03.2'; exit 0; }")
        assert_one_error(install(guest, "docker"), "found 19.03.3-beta 19.03.2, wanted one version", "type -a docker")

    def test_a_daemon_that_does_not_answer_its_client_is_one_clear_error(self, guest: Guest) -> None:
        refuse(guest, "docker", "[[ $1 == version ]]", "Cannot connect to the Docker daemon")
        assert_one_error(install(guest, "docker"), "Cannot connect to the Docker daemon", "journalctl -u docker")

    def test_images_of_a_mirrored_registry_are_renamed_once_they_are_pulled(self, guest: Guest) -> None:
        install(guest, "docker")
        source = f"{registries.location(REGISTRY)}/pause:3.10.2"
        assert guest.calls(f"docker --config /etc/kubelab/registries/.docker pull --quiet {source}")
        assert guest.known("images/registry.k8s.io_pause:3.10.2") == "pulled"
        assert guest.known(f"images/{source.replace('/', '_')}") is None

    def test_images_of_other_registries_are_pulled_by_their_names(self, guest: Guest) -> None:
        install(guest, "docker")
        pulled = [call for call in guest.calls(" pull ") if "flannel" in call]
        assert pulled
        assert all(call.startswith("crictl pull ghcr.io/flannel-io/") for call in pulled)

    def test_the_logs_of_containers_have_a_limit(self, guest: Guest) -> None:
        """Pitfall: the disc was full, and logs in /var/lib/docker/containers were removed by hand."""
        install(guest, "docker")
        daemon = json.loads(guest.read("/etc/docker/daemon.json"))
        assert daemon["log-opts"] == {"max-size": str(10 * 1024 * 1024), "max-file": "5"}
