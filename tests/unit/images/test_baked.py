"""Images with a stack inside: what is asked, run and kept, which is the key, and what is refused."""

import json
import os
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml

from images.baked import bake as baking
from images.baked.bake import enter_arguments, environment, mirrors, pack_arguments, prepare, require_able
from images.baked.make import disk_mib
from images.baked.root import CODE, key_of, root
from images.baked.wish import Step, Wish, parsed, stack_file, wish_of
from images.catalog import SYSTEMS, require_baked
from images.debian.plan import Plan
from images.debian.recipe import RECIPES
from images.debian.rootfs import Archive, Packages
from images.lock import enter, entry_of
from images.store import Baked, Image, ImageStore, word_of
from toolchain.errors import SetupError
from toolchain.progress import Progress

WISH = Wish("lab", "debian-13-image", "1.36.3", {"containerd": "2.3.4"}, (Step("10-a.sh", 60, "true\n"),))
ARCHIVE = Archive(
    (
        "deb [signed-by=/k] http://near.test/debian trixie main",
        "deb [signed-by=/k] http://near.test/debian trixie-updates main",
        "deb [signed-by=/k] http://near.test/security trixie-security main",
    ),
    ('Acquire::http::Proxy "http://p.test";', 'Acquire::https::CAInfo "/etc/own.pem";'),
)
PLAN = Plan(RECIPES[-1], ARCHIVE, Packages(("a=1",), 5))
STAND_INS = baking.FILES / "stand-ins"


@pytest.fixture
def quiet(tmp_path: Path) -> Progress:
    return Progress((tmp_path / "progress").open("w"))


class TestWish:
    def test_the_product_s_answer_is_read(self) -> None:
        assert parsed(json.dumps(asdict(WISH))) == WISH
        assert WISH.summary == "containerd 2.3.4, Kubernetes 1.36.3"

    def test_what_is_no_stack_file_is_a_fault_with_its_reason(self) -> None:
        file = Path(__file__).parents[3] / "stacks" / "site.example.yaml"
        with pytest.raises(SetupError, match=r"asking what .*site\.example\.yaml needs"):
            wish_of(file, "debian-13", dict(os.environ))

    def test_a_stack_that_is_not_there_is_answered_with_those_that_are(self, tmp_path: Path) -> None:
        (tmp_path / "Pulumi.mine.yaml").touch()
        assert stack_file("mine", tmp_path) == tmp_path / "Pulumi.mine.yaml"
        assert stack_file(str(tmp_path / "Pulumi.mine.yaml")) == tmp_path / "Pulumi.mine.yaml"
        with pytest.raises(SetupError, match=r"STACK: found 'other', but there is no .*; choose one of mine, or write"):
            stack_file("other", tmp_path)

    def test_another_wish_has_another_digest(self) -> None:
        others = (
            replace(WISH, kubernetes="1.36.4"),
            replace(WISH, runtimes={"containerd": "2.3.5"}),
            replace(WISH, steps=(Step("10-a.sh", 60, "false\n"),)),
        )
        assert len({each.digest for each in (WISH, *others)}) == 4


class TestKey:
    def test_it_is_that_of_packages_wish_and_code(self, tmp_path: Path) -> None:
        (tmp_path / "code").write_text("a")
        keys = {
            key_of(PLAN, WISH, CODE),
            key_of(replace(PLAN, packages=Packages(("a=2",), 5)), WISH, CODE),
            key_of(PLAN, replace(WISH, kubernetes="1.36.4"), CODE),
            key_of(PLAN, WISH, (*CODE, tmp_path)),
        }
        assert len(keys) == 4
        assert key_of(PLAN, WISH, CODE) in keys

    def test_the_disk_has_room_for_what_is_inside(self) -> None:
        gib = 1 << 30
        assert disk_mib(gib // 2) == 3072
        assert disk_mib(2 * gib) == 4096
        assert disk_mib(8 * gib) * (1 << 20) >= 8 * gib * 1.35


class TestRoot:
    @pytest.fixture
    def made(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Which roots were made, instead of making them."""
        made: list[str] = []

        def build(*arguments: object) -> None:
            made.append("plain")
            out = arguments[3]
            assert isinstance(out, Path)
            out.write_text("plain")

        def bake(wish: Wish, archive: Archive, plain: Path, moment: int, out: Path, *_: object) -> None:
            del archive, moment
            made.append(wish.kubernetes)
            if wish.kubernetes == "0":
                raise SetupError("no")
            out.write_text(f"{plain.read_text()} with {wish.kubernetes}")

        monkeypatch.setattr("images.baked.root.rootfs.build", build)
        monkeypatch.setattr("images.baked.root.bake", bake)
        return made

    def test_it_is_made_once_of_a_plain_one_that_is_made_once(
        self, tmp_path: Path, quiet: Progress, made: list[str]
    ) -> None:
        first = root(PLAN, WISH, tmp_path / "roots", tmp_path / "log", quiet, {})
        assert first.tar.read_text() == "plain with 1.36.3"
        assert root(PLAN, WISH, tmp_path / "roots", tmp_path / "log", quiet, {}) == first
        other = root(PLAN, replace(WISH, kubernetes="1.36.4"), tmp_path / "roots", tmp_path / "log", quiet, {})
        assert made == ["plain", "1.36.3", "1.36.4"]
        # Of each image the last one.
        kept = {file.name for file in (tmp_path / "roots").iterdir()}
        assert len(kept) == 2
        assert other.tar.name in kept
        assert other.tar.name == f"debian-13-baked-lab-{other.key[:12]}.tar"

    def test_one_that_fails_leaves_nothing(self, tmp_path: Path, quiet: Progress, made: list[str]) -> None:
        with pytest.raises(SetupError):
            root(PLAN, replace(WISH, kubernetes="0"), tmp_path / "roots", tmp_path / "log", quiet, {})
        assert made == ["plain", "0"]
        assert [file.name for file in (tmp_path / "roots").iterdir() if "baked" in file.name] == []


class TestBaking:
    def test_steps_run_in_namespaces_that_end_with_all_in_them(self) -> None:
        argv = enter_arguments(Path("/s/root"), Path("/s/work"))
        assert argv[0] == "unshare"
        assert {"--mount", "--pid", "--kill-child", "--uts", "--ipc"} <= set(argv)
        assert argv[-3:] == [str(baking.FILES / "enter.sh"), "/s/root", "/s/work"]

    def test_they_see_of_a_user_s_environment_the_proxies_alone(self) -> None:
        seen = environment({"https_proxy": "http://p.test", "SECRET": "x", "PATH": "/home/me/bin", "HOME": "/home/me"})
        assert seen == {"PATH": baking.PATH, "https_proxy": "http://p.test"}

    def test_what_they_are_given_is_root_s_alone_and_in_order(self, tmp_path: Path) -> None:
        wish = replace(WISH, steps=(*WISH.steps, Step("20-b.sh", 90, "password\n")))
        prepare(tmp_path / "work", wish, ARCHIVE)
        assert (tmp_path / "work").stat().st_mode & 0o777 == 0o700
        steps = sorted(file.name for file in (tmp_path / "work/steps").iterdir())
        assert steps == ["00-10-a.seconds", "00-10-a.sh", "01-20-b.seconds", "01-20-b.sh"]
        assert (tmp_path / "work/steps/01-20-b.seconds").read_text() == "90\n"
        assert sorted(file.name for file in (tmp_path / "work/bin").iterdir()) == ["journalctl", "systemctl"]
        assert (tmp_path / "work/name").read_text() == "debian-13-image\n"
        # A certificate of this machine is not there.
        assert (tmp_path / "work/apt.conf").read_text() == f"{ARCHIVE.settings[0]}\n"

    def test_debian_s_packages_come_from_where_this_machine_gets_them(self) -> None:
        assert mirrors(ARCHIVE.sources) == {
            "debian.list": "http://near.test/debian",
            "debian-security.list": "http://near.test/security",
        }

    def test_a_root_is_packed_with_layers_attributes_and_in_one_order(self) -> None:
        argv = pack_arguments(Path("/r"), 5, Path("/t.tar"))
        assert {"--sort=name", "--mtime=@5", "--clamp-mtime", "--xattrs", "--xattrs-include=*"} <= set(argv)

    def test_a_user_is_told_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        with pytest.raises(SetupError, match=r"run it as root \(sudo make image .*, or make the plain image"):
            require_able({})

    def test_where_namespaces_are_not_allowed_the_reason_is_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        refusing = tmp_path / "unshare"
        refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
        refusing.chmod(0o755)
        with pytest.raises(SetupError, match="trying namespaces") as raised:
            require_able({"PATH": f"{tmp_path}:/usr/bin:/bin"})
        assert raised.value.evidence == ("unshare failed: Operation not permitted",)


@pytest.mark.parametrize("system", [system for system in SYSTEMS if system.startswith("ubuntu")])
def test_an_image_that_others_make_can_have_nothing_inside(system: str) -> None:
    with pytest.raises(
        SetupError, match=rf"BAKED: found OS={system}, .* wanted one that is made here: debian-12, debian"
    ):
        require_baked(system)
    require_baked("debian-13")


INSIDE = Baked("lab", "1.36.3", {"containerd": "2.3.4"})
IMAGE = Image("debian-13", "a.ova", "0" * 64, "Debian trixie", "2026-11-28", INSIDE)


class TestWord:
    @pytest.mark.parametrize(
        ("stack", "word"),
        [("lab", "debian-13-baked-lab"), ("org/My_Lab", "debian-13-baked-org-my-lab"), ("x" * 99, None)],
    )
    def test_it_is_one_that_a_site_file_may_say(self, stack: str, word: str | None) -> None:
        found = word_of("debian-13", replace(INSIDE, stack=stack))
        assert len(found) <= 63
        assert word in (None, found)

    def test_both_images_of_a_system_are_in_the_lock(self, tmp_path: Path) -> None:
        lock = tmp_path / "lock.yaml"
        for image in (IMAGE, replace(IMAGE, file="b.ova", baked=None)):
            enter(lock, image, print)
        images = yaml.safe_load(lock.read_text())["images"]
        assert list(images) == ["debian-13", "debian-13-baked-lab"]
        assert images["debian-13-baked-lab"]["baked"] == asdict(INSIDE)
        assert "baked" not in images["debian-13"]
        assert entry_of(lock, "debian-13", "lab") == IMAGE
        assert entry_of(lock, "debian-13").file == "b.ova"
        with pytest.raises(SetupError, match=r"run `make image OS=debian-13 BAKED=1 STACK=other`"):
            entry_of(lock, "debian-13", "other")

    def test_the_store_knows_it_again_with_what_is_inside(self, tmp_path: Path) -> None:
        (tmp_path / "new.ova").write_bytes(b"")
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        store = ImageStore(tmp_path)
        image = store.take(tmp_path / "new.ova", "debian-13", empty, "s", "2026-11-28", "ab12", INSIDE)
        assert image.file == f"debian-13-baked-lab-{empty[:12]}.ova"
        assert store.made_before("ab12") == image


class TestStandIns:
    """What stands before systemctl in the root of an image, tried with the real shell."""

    @pytest.fixture
    def systemctl(self, tmp_path: Path) -> list[str]:
        """The stand-in with folders of the test's own."""
        units, state = tmp_path / "units", tmp_path / "state"
        units.mkdir()
        state.mkdir()
        text = (STAND_INS / "systemctl.sh").read_text()
        assert "/run/kubelab-daemons" in text
        assert "folders=(/etc/systemd/system " in text
        text = text.replace("/run/kubelab-daemons", str(state)).replace("/etc/systemd/system ", f"{units} ", 1)
        (tmp_path / "systemctl").write_text(text)
        (tmp_path / "values").write_text("B='from a file'\n")
        (units / "below.service").write_text("[Service]\nExecStart=/bin/sleep 600\n")
        (units / "above.service").write_text(
            "[Unit]\nWants=network.target \\\n  below.service\n[Service]\nEnvironment=A=said\n"
            f"EnvironmentFile=-{tmp_path}/values\nEnvironmentFile=-{tmp_path}/none\n"
            f"ExecStart=/bin/sh -c 'echo \"$A, $B\" >{tmp_path}/said; exec sleep 600'\n"
        )
        return ["bash", str(tmp_path / "systemctl")]

    def test_a_service_runs_with_what_it_needs_until_all_are_stopped(
        self, systemctl: list[str], tmp_path: Path
    ) -> None:
        def ask(*words: str) -> int:
            return subprocess.run([*systemctl, *words], timeout=60, check=False).returncode

        assert ask("is-active", "--quiet", "above") == 3
        try:
            assert ask("restart", "above") == 0
            assert (ask("is-active", "--quiet", "above"), ask("is-active", "below.service")) == (0, 0)
            first = (tmp_path / "state/above.pid").read_text()
            assert ask("start", "above") == 0
            assert (tmp_path / "state/above.pid").read_text() == first
            assert ask("restart", "above") == 0
            assert (tmp_path / "state/above.pid").read_text() != first
        finally:
            assert ask("stop-all") == 0
        assert (ask("is-active", "above"), ask("is-active", "below")) == (3, 3)
        assert ask("daemon-reload") == 0
        assert ask("start", "unknown") == 1
