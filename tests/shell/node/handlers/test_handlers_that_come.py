"""Handlers on a node: their programs come before the runtime names them."""

import hashlib

import pytest

from components.handlers.gvisor import CRIO_SHIM, RUNSC, SENTRY, SHIM
from tests.shell.guest.machine import Guest
from tests.shell.node.handlers.releases import CARRIERS, CONFIGURATION, CRUN, GVISOR, URL, archive, given, install
from tests.shell.node.installations import assert_one_error


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
        assert RUNSC in guest.read(f"/etc/{runtime}/runsc.toml")
        shim = {"containerd": SHIM, "crio": CRIO_SHIM}[runtime]
        assert shim in guest.read(CONFIGURATION[runtime])
        assert guest.mode(shim) == 0o755

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
