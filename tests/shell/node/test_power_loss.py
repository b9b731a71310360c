"""What a power loss leaves behind, a file without its content or none at all, is made good by the next run."""

import re
from base64 import b64decode

import pytest

from components.step import SCRIPTS
from tests.shell.guest.machine import KILLED, Guest
from tests.shell.keys import admitted, authority_text
from tests.shell.node.installations import install
from tests.shell.steps import INSTALL_KUBERNETES, PREPARE_OS, RESET
from tests.shell.world import KEY, KEYRING

FILES = "# library: files.sh\n"
ONE = 'write_file 0644 /etc/one "$TEXT"\n'
EMPTIED_OR_GONE = pytest.mark.parametrize("gone", [False, True], ids=["emptied", "gone"])


def lose(guest: Guest, path: str, *, gone: bool) -> None:
    """Take the content of a file, or the file."""
    assert guest.exists(path)
    if gone:
        guest.remove(path)
    else:
        guest.path(path).write_bytes(b"")


@pytest.mark.case("C20")
@pytest.mark.parametrize("program", ["sync", "mv", "chmod"])
def test_a_file_is_the_former_or_the_new_one_whole_wherever_a_run_was_killed(guest: Guest, program: str) -> None:
    guest.run_text(f"{FILES}{ONE}", {"TEXT": "former\n"})
    guest.write(f"/local/sbin/{program}", f"#!/bin/bash\n{KILLED}\n", mode=0o755)
    guest.run_text(f"{FILES}{ONE}", {"TEXT": "new\n"})
    assert guest.read("/etc/one") == "former\n"
    guest.remove(f"/local/sbin/{program}")
    assert guest.run_text(f"{FILES}{ONE}", {"TEXT": "new\n"}).status == 0
    assert guest.read("/etc/one") == "new\n"
    assert not [path for path in guest.files() if "kubelab-" in path and path.startswith("/etc/.")]


@pytest.mark.case("C20")
def test_a_file_is_on_the_disk_before_it_takes_its_place_and_its_folders_too(guest: Guest) -> None:
    for program in ("sync", "mv"):
        text = f'#!/bin/bash\necho "{program} ${{*: -1}}" >>/local/calls\nexec /usr/bin/{program} "$@"\n'
        guest.write(f"/local/sbin/{program}", text, mode=0o755)
    guest.run_text(f'{FILES}write_file 0644 /etc/new/folder/one "$TEXT"\n', {"TEXT": "new\n"})
    calls = [re.sub(r"\.kubelab-\w+$", "", call) for call in guest.calls()]
    assert calls == [
        *("sync /etc", "sync /etc/new"),
        *("sync /etc/new/folder/.one", "mv /etc/new/folder/one", "sync /etc/new/folder"),
    ]


@pytest.mark.case("C20")
def test_no_script_writes_a_file_that_lasts_but_beside_it() -> None:
    """Marks and records: what is written by `>` or `install` is emptied by a power loss."""
    texts = {path.name: path.read_text() for path in SCRIPTS.rglob("*.sh")}
    owned = ("files", "packages", "keyrings", "downloads", "runtime", "observe", "traces")
    for name in (*(f"{name}.sh" for name in owned), "10-prepare-os.sh", "30-install-kubernetes.sh"):
        assert not re.findall(r'^.*[^>0-9]>{1,2}"?/(?:etc|var/lib|usr|opt)/.*$', texts[name], re.MULTILINE), name


@pytest.mark.case("C20")
@EMPTIED_OR_GONE
def test_a_keyring_is_fetched_again(guest: Guest, gone: bool) -> None:
    PREPARE_OS.prepare(guest)
    guest.run(PREPARE_OS.file, PREPARE_OS.environment)
    lose(guest, KEYRING, gone=gone)
    assert guest.run(PREPARE_OS.file, PREPARE_OS.environment).status == 0
    assert guest.read(KEYRING) == KEY
    assert guest.calls(" update")


@pytest.mark.case("C20")
@EMPTIED_OR_GONE
@pytest.mark.parametrize("path", ["/etc/kubelab/applied/kubelab-kubernetes.asc", "/etc/kubelab/applied/apt-sources"])
def test_a_mark_that_was_lost_is_made_again(guest: Guest, path: str, gone: bool) -> None:
    PREPARE_OS.prepare(guest)
    guest.run(PREPARE_OS.file, PREPARE_OS.environment)
    before = guest.read(path)
    lose(guest, path, gone=gone)
    assert guest.run(PREPARE_OS.file, PREPARE_OS.environment).status == 0
    assert guest.read(path) == before


@pytest.mark.case("C20")
@EMPTIED_OR_GONE
def test_the_authorities_of_the_machine_are_gathered_again(guest: Guest, gone: bool) -> None:
    PREPARE_OS.prepare(guest)
    guest.run(PREPARE_OS.file, PREPARE_OS.environment)
    lose(guest, "/etc/ssl/certs/ca-certificates.crt", gone=gone)
    guest.run(PREPARE_OS.file, PREPARE_OS.environment)
    assert guest.calls("update-ca-certificates")


@pytest.mark.case("C20")
@EMPTIED_OR_GONE
@pytest.mark.usefixtures("downloads")
def test_a_downloaded_program_is_fetched_again(guest: Guest, gone: bool) -> None:
    install(guest, "docker")
    before = guest.read("/usr/local/bin/cri-dockerd")
    lose(guest, "/usr/local/bin/cri-dockerd", gone=gone)
    assert install(guest, "docker").status == 0
    assert guest.read("/usr/local/bin/cri-dockerd") == before
    assert guest.mode("/usr/local/bin/cri-dockerd") == 0o755
    assert "systemctl restart cri-docker" in guest.calls()


@pytest.mark.case("C20")
@EMPTIED_OR_GONE
@pytest.mark.usefixtures("downloads")
def test_a_unit_file_is_written_again_and_its_service_started_with_it(guest: Guest, gone: bool) -> None:
    install(guest, "docker")
    lose(guest, "/etc/systemd/system/cri-docker.service", gone=gone)
    assert install(guest, "docker").status == 0
    calls = guest.calls("systemctl")
    assert calls.index("systemctl daemon-reload") < calls.index("systemctl restart cri-docker")


@pytest.mark.case("C20")
@EMPTIED_OR_GONE
@pytest.mark.usefixtures("downloads")
def test_the_word_for_the_runtime_is_written_again(guest: Guest, gone: bool) -> None:
    install(guest, "containerd")
    lose(guest, "/etc/kubelab/runtime", gone=gone)
    assert install(guest, "containerd").status == 0
    assert guest.read("/etc/kubelab/runtime") == "containerd\n"


PATCH = "/etc/kubelab/kubeadm-patches/kubeletconfiguration+merge.yaml"


@pytest.mark.case("C20")
@EMPTIED_OR_GONE
def test_a_patch_of_the_kubelet_is_written_again(guest: Guest, gone: bool) -> None:
    INSTALL_KUBERNETES.prepare(guest)
    guest.run(INSTALL_KUBERNETES.file, INSTALL_KUBERNETES.environment)
    before = guest.read(PATCH)
    lose(guest, PATCH, gone=gone)
    assert guest.run(INSTALL_KUBERNETES.file, INSTALL_KUBERNETES.environment).status == 0
    assert guest.read(PATCH) == before


@pytest.mark.case("C20")
@EMPTIED_OR_GONE
def test_the_configuration_of_a_members_kubelet_is_written_again(guest: Guest, gone: bool) -> None:
    INSTALL_KUBERNETES.prepare(guest)
    guest.run(INSTALL_KUBERNETES.file, INSTALL_KUBERNETES.environment)
    guest.write("/etc/kubelab/joined", "")
    guest.write("/var/lib/kubelet/config.yaml", "maxPods: 50\n")
    lose(guest, "/var/lib/kubelet/config.yaml", gone=gone)
    assert guest.run(INSTALL_KUBERNETES.file, INSTALL_KUBERNETES.environment).status == 0
    assert "maxPods: 50" in guest.read("/var/lib/kubelet/config.yaml")
    assert guest.calls("systemctl restart kubelet")


@pytest.mark.case("C20")
@pytest.mark.parametrize("path", ["/etc/kubelab/node", "/etc/kubelab/runtime"])
@pytest.mark.parametrize("clean", ["true", "false"])
def test_no_node_is_cleaned_because_the_record_of_it_lost_its_content(guest: Guest, path: str, clean: str) -> None:
    guest.write("/etc/kubelab/node", "w1\n")
    guest.write("/etc/kubelab/runtime", f"{RESET.environment['RUNTIME']}\n")
    guest.write("/var/lib/kubelet/config.yaml", "maxPods: 50\n")
    lose(guest, path, gone=False)
    assert guest.run(RESET.file, {**RESET.environment, "CLEAN_INSTALL": clean}).status == 0
    assert guest.exists("/var/lib/kubelet/config.yaml")


@pytest.mark.case("C4", "C20")
@pytest.mark.parametrize("role", ["worker", "controlPlane"])
@pytest.mark.parametrize("left", [None, "", "\0\0\0", "w"], ids=["gone", "emptied", "zeroes", "cut"])
def test_no_member_is_cleaned_because_the_record_of_its_name_is_lost(guest: Guest, role: str, left: str | None) -> None:
    guest.write("/var/lib/kubelet/pki/kubelet-client-current.pem", b64decode(admitted().certificate).decode())
    guest.write("/etc/kubelab/joined", "")
    if left is not None:
        guest.write("/etc/kubelab/node", left)
    before = guest.files()
    for clean in ("true", "false"):
        result = guest.run(RESET.file, {**RESET.environment, "ROLE": role, "CLEAN_INSTALL": clean})
        assert (result.status, result.stderr) == (0, "")
    assert guest.files() == before


@pytest.mark.case("C4")
def test_a_clone_of_another_member_is_still_cleaned_where_that_is_declared(guest: Guest) -> None:
    """What it is, its kubelet's certificate says, which names the other one."""
    guest.write("/var/lib/kubelet/pki/kubelet-client-current.pem", authority_text("system:node:w10"))
    guest.write("/etc/kubelab/node", "w10\n")
    assert guest.run(RESET.file, {**RESET.environment, "CLEAN_INSTALL": "true"}).status == 0
    assert not guest.exists("/var/lib/kubelet")


@pytest.mark.case("C4")
def test_an_installation_of_others_that_had_the_same_name_is_still_cleaned(guest: Guest) -> None:
    guest.write("/var/lib/kubelet/pki/kubelet-client-current.pem", b64decode(admitted().certificate).decode())
    assert guest.run(RESET.file, {**RESET.environment, "CLEAN_INSTALL": "true"}).status == 0
    assert not guest.exists("/var/lib/kubelet")
