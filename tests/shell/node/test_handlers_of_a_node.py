"""Handlers on a node: their programs come before the runtime names them, and go after their pods did."""

import bz2
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import replace

import pytest

from components.handlers import HANDLERS
from components.handlers.gvisor import RUNSC, SENTRY, SHIM
from components.steps.node import install_runtime
from config import HandlerConfig
from tests.shell.guest.machine import Guest, Result
from tests.shell.node.installations import assert_one_error
from tests.shell.world import CLUSTER, MIRROR, SITE
from tests.unit.components.handlers.declared import handler, node

GVISOR, CRUN = handler("gvisor"), handler("crun")
PATH = HANDLERS["gvisor"].releases[GVISOR.version].path
URL = f"{MIRROR}/files/{PATH}"
CARRIERS = pytest.mark.parametrize("runtime", ["containerd", "crio"])
CONFIGURATION = {"containerd": "/etc/containerd/config.toml", "crio": "/etc/crio/crio.conf.d/20-kubelab.conf"}
LABEL = "handler.kubelab.dev/gvisor"
# Of a pod: namespace, name, class, kind of what made it, phase.
MANAGED, BARE = "shop web-1 gvisor ReplicaSet Running", "shop lonely gvisor <none> Running"


def archive(text: str = "#!/bin/sh\necho version 1\n", **others: str) -> bytes:
    """A release of gVisor as upstream packs it; `others` are the texts of programs that differ, by their names."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as files:
        for path in (RUNSC, SHIM, SENTRY):
            name = path.removeprefix("/opt/gvisor/")
            content = others.get(name.rpartition("/")[2].partition("-")[0], text).encode()
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = 0o755, len(content)
            files.addfile(entry, io.BytesIO(content))
    return bz2.compress(packed.getvalue())


def given(runtime: str, *handlers: HandlerConfig, elsewhere: tuple[HandlerConfig, ...] = ()) -> Mapping[str, str]:
    """What the step of the runtime of a node with these handlers is given, where others have more."""
    sums = {PATH: hashlib.sha256(archive()).hexdigest()}
    site = replace(SITE, mirrors=replace(SITE.mirrors, checksums={**SITE.mirrors.checksums, **sums}))
    cluster = replace(CLUSTER, handlers=(*handlers, *elsewhere))
    return install_runtime.environment(node(runtime, *handlers), cluster, site)


def install(
    guest: Guest, runtime: str, *handlers: HandlerConfig, elsewhere: tuple[HandlerConfig, ...] = (), **changed: str
) -> Result:
    """Run the step."""
    return guest.run(f"20-install-{runtime}.sh", {**given(runtime, *handlers, elsewhere=elsewhere), **changed})


def join(guest: Guest, *pods: str) -> None:
    """The node is a member now, and these pods run there."""
    guest.write("/etc/kubernetes/kubelet.conf", "kind: Config\n")
    guest.write("/etc/kubelab/joined", "")
    guest.state("nodes", "w1 a 1")
    guest.state("runtime-classes", "gvisor gvisor managed\nown gvisor\nother runc")
    guest.state("node-has", f"w1 label {LABEL}=true")
    guest.state("pods-on-node", "\n".join(pods))


@pytest.fixture(autouse=True)
def served(guest: Guest) -> None:
    guest.web(URL, archive())
    # As the guest system's package has it.
    guest.write("/local/sbin/crun", "#!/bin/sh\necho crun\n", mode=0o755)


def records(guest: Guest) -> list[str]:
    folder = guest.path("/etc/kubelab/handlers")
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@CARRIERS
class TestComing:
    def test_the_archive_is_unpacked_whole_outside_of_the_path(self, guest: Guest, runtime: str) -> None:
        result = install(guest, runtime, GVISOR)
        assert result.status == 0, result.stderr
        for path in (RUNSC, SHIM, SENTRY):
            assert guest.mode(path) == 0o755
        # runsc runs itself as nobody.
        assert guest.mode("/opt/gvisor") == 0o755
        assert [path.name for path in guest.path("/opt").iterdir()] == ["gvisor"]
        assert RUNSC in guest.read(CONFIGURATION[runtime]) + guest.read(
            "/etc/containerd/runsc.toml" if runtime == "containerd" else CONFIGURATION[runtime]
        )

    def test_it_is_there_before_the_runtime_that_names_it_starts(self, guest: Guest, runtime: str) -> None:
        guest.answer("systemctl", f"[[ $1 != restart || -x {RUNSC} ]] || {{ echo 'too early' >&2; exit 1; }}")
        assert install(guest, runtime, GVISOR).status == 0

    def test_a_second_run_fetches_and_changes_nothing(self, guest: Guest, runtime: str) -> None:
        install(guest, runtime, GVISOR)
        before = guest.files()
        assert install(guest, runtime, GVISOR).status == 0
        assert guest.files() == before
        assert not guest.calls("curl")

    @pytest.mark.parametrize(
        ("page", "word"),
        [
            (b"<html>404 Not Found</html>", "26 bytes"),
            (archive()[:-20], "bytes"),
            (archive("#!/bin/sh\necho other\n"), "bytes"),
        ],
        ids=["an error page", "a truncated archive", "another archive"],
    )
    def test_what_has_another_checksum_never_reaches_the_node(
        self, guest: Guest, runtime: str, page: bytes, word: str
    ) -> None:
        guest.web(URL, page)
        result = install(guest, runtime, GVISOR)
        assert_one_error(result, URL, word, "nothing of gvisor was installed")
        assert not list(guest.path("/opt").iterdir())
        assert "gvisor" not in (guest.read(CONFIGURATION[runtime]) if guest.exists(CONFIGURATION[runtime]) else "")

    def test_an_archive_that_is_not_there_is_one_clear_error(self, guest: Guest, runtime: str) -> None:
        guest.path(f"/local/web/{URL.partition('://')[2]}").unlink()
        assert_one_error(install(guest, runtime, GVISOR), URL, "404")
        assert not list(guest.path("/opt").iterdir())

    @pytest.mark.parametrize("text", ["#!/bin/sh\necho 'exec format error' >&2; exit 1\n", "not a program\x00"])
    def test_a_program_that_does_not_run_is_refused_before_anything_uses_it(
        self, guest: Guest, runtime: str, text: str
    ) -> None:
        broken = archive(runsc=text)
        guest.web(URL, broken)
        lines = given(runtime, GVISOR)["HANDLERS"].replace(
            hashlib.sha256(archive()).hexdigest(), hashlib.sha256(broken).hexdigest()
        )
        assert_one_error(install(guest, runtime, GVISOR, HANDLERS=lines), f"{RUNSC} --version", "gvisor")
        assert not list(guest.path("/opt").iterdir())

    def test_an_archive_that_lacks_a_part_is_refused(self, guest: Guest, runtime: str) -> None:
        lines = given(runtime, GVISOR)["HANDLERS"] + "\ngvisor file /opt/gvisor/gvisor-bin/missing"
        assert_one_error(install(guest, runtime, GVISOR, HANDLERS=lines), "/opt/gvisor/gvisor-bin/missing")
        assert not list(guest.path("/opt").iterdir())

    def test_another_release_takes_the_place_of_the_earlier(self, guest: Guest, runtime: str) -> None:
        install(guest, runtime, GVISOR)
        newer = archive("#!/bin/sh\necho version 2\n")
        guest.web(URL, newer)
        lines = given(runtime, GVISOR)["HANDLERS"].replace(
            hashlib.sha256(archive()).hexdigest(), hashlib.sha256(newer).hexdigest()
        )
        assert install(guest, runtime, GVISOR, HANDLERS=lines).status == 0
        assert "version 2" in guest.read(RUNSC)
        assert [path.name for path in guest.path("/opt").iterdir()] == ["gvisor"]

    def test_a_handler_of_the_guest_system_is_a_package_that_runs(self, guest: Guest, runtime: str) -> None:
        lines = given(runtime, CRUN)["HANDLERS"].replace("/usr/bin/crun", "/usr/local/sbin/crun")
        result = install(guest, runtime, CRUN, HANDLERS=lines)
        assert result.status == 0, result.stderr
        assert guest.known("packages/crun") is not None
        assert "brought crun" in guest.read("/etc/kubelab/handlers/crun")

    def test_a_module_without_its_device_is_one_clear_error(self, guest: Guest, runtime: str) -> None:
        guest.answer("modprobe", 'echo "modprobe: FATAL: Module $1 not found" >&2; exit 1')
        lines = "kata module vhost_vsock /dev/vhost-vsock"
        assert_one_error(install(guest, runtime, HANDLERS=lines), "/dev/vhost-vsock", "Module vhost_vsock not found")


@CARRIERS
class TestLeaving:
    def test_all_of_it_goes_from_a_node_without_pods(self, guest: Guest, runtime: str) -> None:
        assert install(guest, runtime).status == 0
        before = set(guest.files())
        assert install(guest, runtime, GVISOR).status == 0
        join(guest)
        assert install(guest, runtime, elsewhere=(GVISOR,)).status == 0
        left = {path for path in set(guest.files()) - before if not path.startswith(("/var/log/", "/var/lib/guest/"))}
        assert left <= {
            "/etc/kubernetes/kubelet.conf",
            "/etc/kubelab/joined",
            "/etc/kubelab/installed-packages",
        }
        assert "gvisor" not in guest.read(CONFIGURATION[runtime])
        assert LABEL not in (guest.known("node-has") or "")
        assert guest.calls("dpkg --purge bzip2")

    def test_pods_leave_before_the_runtime_forgets_the_handler(self, guest: Guest, runtime: str) -> None:
        install(guest, runtime, GVISOR)
        join(
            guest,
            MANAGED,
            "shop own-2 own StatefulSet Running",
            "shop old gvisor Job Succeeded",
            "shop a other <none> Running",
        )
        guest.answer(
            "systemctl",
            "[[ $1 != restart ]] || ! grep -qE '^shop (web|own)' $facts/pods-on-node || { echo early >&2; exit 1; }",
        )
        result = install(guest, runtime, elsewhere=(GVISOR,))
        assert result.status == 0, result.stderr
        assert "shop/web-1" in result.stderr
        evicted = guest.calls("/eviction")
        assert len(evicted) == 2
        assert not any("old" in call or "pods/a/" in call for call in evicted)
        calls = guest.calls()
        assert next(i for i, call in enumerate(calls) if f"{LABEL}-" in call) < calls.index(evicted[0])

    @pytest.mark.parametrize("pod", [BARE, "kube-system mirror gvisor Node Running"])
    def test_a_pod_that_nothing_makes_anew_is_named_and_keeps_all_as_it_is(
        self, guest: Guest, runtime: str, pod: str
    ) -> None:
        install(guest, runtime, GVISOR)
        join(guest, MANAGED, pod)
        name = "/".join(pod.split()[:2])
        assert_one_error(install(guest, runtime, elsewhere=(GVISOR,)), name)
        assert guest.exists(RUNSC)
        assert "gvisor" in guest.read(CONFIGURATION[runtime])
        assert LABEL in (guest.known("node-has") or "")
        assert not guest.calls("/eviction")

    def test_pods_are_named_that_no_other_node_could_take(self, guest: Guest, runtime: str) -> None:
        install(guest, runtime, GVISOR)
        join(guest, MANAGED)
        assert_one_error(install(guest, runtime), "shop/web-1", "no other node has it")
        assert guest.exists(RUNSC)
        assert LABEL in (guest.known("node-has") or "")

    def test_a_pod_that_does_not_leave_in_time_keeps_the_handler_and_the_label(
        self, guest: Guest, runtime: str
    ) -> None:
        install(guest, runtime, GVISOR)
        join(guest, MANAGED)
        guest.answer(
            "kubectl", '[[ "$*" != *eviction* ]] || { echo "would violate the disruption budget" >&2; exit 1; }'
        )
        assert_one_error(install(guest, runtime, elsewhere=(GVISOR,)), "300 s", "shop/web-1")
        assert guest.exists(RUNSC)
        assert LABEL in (guest.known("node-has") or "")

    def test_an_api_server_that_does_not_answer_is_no_permission(self, guest: Guest, runtime: str) -> None:
        install(guest, runtime, GVISOR)
        join(guest)
        guest.answer("kubectl", "echo 'connection refused' >&2; exit 1")
        assert_one_error(install(guest, runtime, elsewhere=(GVISOR,)), "connection refused")
        assert guest.exists(RUNSC)

    def test_of_two_handlers_the_other_stays(self, guest: Guest, runtime: str) -> None:
        both = given(runtime, CRUN, GVISOR)["HANDLERS"].replace("/usr/bin/crun", "/usr/local/sbin/crun")
        one = given(runtime, CRUN)["HANDLERS"].replace("/usr/bin/crun", "/usr/local/sbin/crun")
        install(guest, runtime, CRUN, GVISOR, HANDLERS=both)
        join(guest)
        assert install(guest, runtime, CRUN, elsewhere=(GVISOR,), HANDLERS=one).status == 0
        assert records(guest) == ["crun"]
        assert guest.known("packages/crun") is not None
        assert not guest.exists("/opt/gvisor")
