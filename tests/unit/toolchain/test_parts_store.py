"""The store of built parts, and bringing parts into being."""

import io
import multiprocessing
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from toolchain.build.part import Part, Workplace
from toolchain.build.store import Store, locked
from toolchain.build.workshop import build, link, link_binaries
from toolchain.errors import SetupError
from toolchain.layout import Layout
from toolchain.progress import Progress


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    project = tmp_path / "project"
    project.mkdir()
    return Layout(project, project / ".rig", tmp_path / "cache", tmp_path / "run")


def silent(text: str) -> None:
    del text


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def test_a_part_is_built_once_and_said_to_be_cached_afterwards(layout: Layout) -> None:
    builds: list[Path] = []

    def make(place: Workplace, out: Path) -> None:
        del place
        builds.append(out)
        (out / "tool").write_text("x")

    part = Part("tool", "the tool", make, binaries=("tool",))
    first, second = io.StringIO(), io.StringIO()
    build((part,), layout, None, Progress(first))
    built = build((part,), layout, None, Progress(second))
    assert len(builds) == 1
    assert lines(second) == ["[1/1] the tool: cached"]
    assert lines(first)[0] == "[1/1] the tool ..."
    assert (built.outputs["tool"] / "tool").read_text() == "x"


def test_a_part_sees_the_outputs_of_those_it_needs(layout: Layout) -> None:
    def base(place: Workplace, out: Path) -> None:
        del place
        (out / "word").write_text("hello")

    def user(place: Workplace, out: Path) -> None:
        (out / "copy").write_text((place.outputs["base"] / "word").read_text())

    parts = (Part("user", "user", user, needs=("base",)), Part("base", "base", base))
    built = build(parts, layout, None, Progress(io.StringIO()))
    assert (built.outputs["user"] / "copy").read_text() == "hello"


def test_a_failed_build_leaves_nothing_and_the_next_run_builds_it(layout: Layout) -> None:
    broken = [True]

    def make(place: Workplace, out: Path) -> None:
        del place
        (out / "half").write_text("x")
        if broken:
            raise SetupError("disk full")

    part = Part("p", "p", make)
    with pytest.raises(SetupError, match="disk full"):
        build((part,), layout, None, Progress(io.StringIO()))
    assert [entry.name for entry in layout.cache.iterdir()] == ["lock"]
    broken.clear()
    built = build((part,), layout, None, Progress(io.StringIO()))
    assert (built.outputs["p"] / "half").is_file()


def test_what_a_killed_build_left_is_not_taken_for_the_part(tmp_path: Path) -> None:
    store = Store(tmp_path)
    leftover = tmp_path / ".making-p-key"
    leftover.mkdir()
    (leftover / "half").write_text("x")
    assert not store.has("p", "key")
    made = store.make("p", "key", lambda out: (out / "whole").touch(), silent)
    assert [file.name for file in made.iterdir()] == ["whole"]


def test_a_build_that_makes_no_binary_it_promised_is_an_error_that_names_it(layout: Layout) -> None:
    def make(place: Workplace, out: Path) -> None:
        del place, out

    part = Part("p", "the part", make, binaries=("tool",))
    with pytest.raises(SetupError, match="the part: it made no tool"):
        build((part,), layout, None, Progress(io.StringIO()))


def test_inputs_that_change_during_the_build_are_an_error_not_a_wrong_part(layout: Layout) -> None:
    source = layout.project / "main.go"
    source.write_text("one")

    def make(place: Workplace, out: Path) -> None:
        del place, out
        source.write_text("two")

    part = Part("p", "p", make, files=(source,))
    with pytest.raises(SetupError, match="changed meanwhile"):
        build((part,), layout, None, Progress(io.StringIO()))


FORK = multiprocessing.get_context("fork")


def _hold(file: Path, ready: Event, go_on: Event) -> None:
    with locked(file, "p", 5, silent):
        ready.set()
        go_on.wait(60)


def test_a_second_run_waits_for_the_first_says_so_and_gives_up_in_time(tmp_path: Path) -> None:
    lock, ready, go_on = tmp_path / "lock", FORK.Event(), FORK.Event()
    holder = FORK.Process(target=_hold, args=(lock, ready, go_on))
    holder.start()
    said: list[str] = []
    try:
        assert ready.wait(20)
        with pytest.raises(SetupError, match=f"process {holder.pid} holds"), locked(lock, "p", 0.5, said.append):
            pytest.fail("two hold the lock")
    finally:
        go_on.set()
        holder.join(10)
    assert said == [f"waiting for process {holder.pid}, which is at work on p"]
    with locked(lock, "p", 1, silent):
        pass


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    lock, ready = tmp_path / "lock", FORK.Event()
    holder = FORK.Process(target=_hold, args=(lock, ready, FORK.Event()))
    holder.start()
    assert ready.wait(20)
    holder.kill()
    holder.join(10)
    with locked(lock, "p", 1, silent):
        pass


def test_a_link_follows_the_part_it_names(tmp_path: Path) -> None:
    for version in ("old", "new"):
        (tmp_path / version).write_text(version)
    name = tmp_path / "tool"
    link(tmp_path / "old", name)
    link(tmp_path / "new", name)
    assert name.read_text() == "new"


def test_a_dangling_link_and_a_plain_file_are_replaced(layout: Layout) -> None:
    def make(place: Workplace, out: Path) -> None:
        del place
        for name in ("a", "b"):
            (out / name).write_text(name)

    part = Part("p", "p", make, binaries=("a", "b"))
    layout.bin.mkdir(parents=True)
    (layout.bin / "a").symlink_to("/nowhere")
    (layout.bin / "b").write_text("old")
    link_binaries((part,), build((part,), layout, None, Progress(io.StringIO())), layout.bin)
    assert [(layout.bin / name).read_text() for name in ("a", "b")] == ["a", "b"]
