"""Which failures are tried once more, and what is seen when that fails too."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolchain.build.part import Part, Workplace
from toolchain.build.passing import passing_reason
from toolchain.build.workshop import build
from toolchain.errors import SetupError, last_lines
from toolchain.layout import Layout
from toolchain.progress import Progress

BUSY = "umount: /tmp/mmdebstrap.x/dev/pts: target is busy."


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A project with a cache and a directory for temporary files of its own."""
    project = tmp_path / "project"
    (tmp_path / "tmp").mkdir()
    project.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return Layout(project, project / ".rig", tmp_path / "cache", tmp_path / "run")


def failing(outcomes: Iterator[str | None]) -> Part:
    """A part that leaves things in all its places and fails with a log that ends in the next outcome, unless None."""

    def make(place: Workplace, out: Path) -> None:
        (out / "half").write_text("x")
        (Path(place.environ["TMPDIR"]) / "half").write_text("x")
        outcome = next(outcomes)
        with place.log.open("a") as log:
            log.write(f"at work\n{outcome or 'done'}\n")
        if outcome is not None:
            raise SetupError("building the image: mmdebstrap ended with 1", last_lines(place.log))
        (out / "whole").write_text("x")

    return Part("image", "node image", make)


def left_behind(layout: Layout, tmp_path: Path) -> list[str]:
    found = [*layout.cache.iterdir(), *(tmp_path / "tmp").iterdir()]
    return sorted(entry.name for entry in found if entry.name != "lock" and not entry.name.startswith("image-"))


@pytest.mark.parametrize(
    "line",
    [
        BUSY,
        'go: example.com/m@v1.0.0: Get "https://proxy.test/m": dial tcp 192.0.2.1:443: i/o timeout',
        "go: m@v1: reading https://proxy.test/m: 503 Service Unavailable",
        "go: m@v1: unexpected EOF",
        'Get "https://proxy.test/": dial tcp: lookup proxy.test: no such host',
        "E: Failed to fetch http://deb.test/x.deb  Hash Sum mismatch",
        "Err:1 http://deb.test bookworm InRelease  Temporary failure resolving 'deb.test'",
        "read tcp 192.0.2.1:2->192.0.2.2:443: read: connection reset by peer",
        "urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='pypi.test', port=443): Read timed out.",
    ],
)
def test_what_may_have_passed_is_told_by_its_line(line: str) -> None:
    assert passing_reason(("building", line, "exit status 1")) == line


@pytest.mark.parametrize(
    "line",
    [
        "main.go:7:2: undefined: timeout",
        "E: You don't have enough free space in /var/cache/apt/archives/.",
        "verifying m@v1: checksum mismatch",
        "go: m@v1: reading https://proxy.test/m: 404 Not Found",
    ],
)
def test_what_would_fail_again_is_not_tried_again(layout: Layout, line: str) -> None:
    outcomes = iter((line, None))
    with pytest.raises(SetupError, match=r"mmdebstrap ended with 1$"):
        build((failing(outcomes),), layout, None, Progress(io.StringIO()))
    assert next(outcomes) is None


@pytest.mark.case("T15")
def test_a_part_that_fails_for_a_passing_reason_is_built_once_more(layout: Layout, tmp_path: Path) -> None:
    said = io.StringIO()
    built = build((failing(iter((BUSY, None))),), layout, None, Progress(said))
    assert [file.name for file in built.outputs["image"].iterdir() if file.name != "half"] == ["whole"]
    assert f"node image: built once more, since this may have passed: {BUSY}" in said.getvalue()
    assert left_behind(layout, tmp_path) == []


@pytest.mark.case("T15")
def test_a_second_failure_shows_the_end_of_both_logs(layout: Layout, tmp_path: Path) -> None:
    outcomes = iter((BUSY, "E: no space", None))
    with pytest.raises(SetupError) as failure:
        build((failing(outcomes),), layout, None, Progress(io.StringIO()))
    first, second = failure.value.evidence.index(BUSY), failure.value.evidence.index("E: no space")
    assert first < failure.value.evidence.index("the second attempt:") < second
    first_log = layout.logs / "build-image.first.log"
    assert str(first_log) in str(failure.value)
    assert BUSY in first_log.read_text()
    assert BUSY not in (layout.logs / "build-image.log").read_text()
    assert left_behind(layout, tmp_path) == []
    assert next(outcomes) is None


@pytest.mark.case("T15")
def test_what_a_killed_build_left_beside_its_output_goes_with_the_next(layout: Layout, tmp_path: Path) -> None:
    part = failing(iter(("E: disk full", None)))
    with pytest.raises(SetupError):
        build((part,), layout, None, Progress(io.StringIO()))
    key = next((layout.cache / "lock").iterdir()).name.removeprefix("image-")
    killed = tmp_path / "tmp" / f"kubelab-image-{key}"
    (killed / "mmdebstrap.x").mkdir(parents=True)
    build((part,), layout, None, Progress(io.StringIO()))
    assert left_behind(layout, tmp_path) == []
