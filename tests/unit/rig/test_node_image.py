"""Root file systems in the container engine: imported as they are, told to the simulated host, removed at the end."""

from pathlib import Path

import pytest

from rig.host.docker import Docker
from rig.mark import mark_of
from rig.node.image import ensure_image, image_name, remove_images
from toolchain.layout import Layout

ENGINE = """\
#!/bin/bash
printf '%s\\n' "$*" >>"$ENGINE/calls"
case "$1 $2" in
  "image ls") if [[ $3 == --quiet ]]; then grep -Fx "$4" "$ENGINE/images"; else cat "$ENGINE/images"; fi ;;
  "import "*) echo "$3" >>"$ENGINE/images" ;;
esac
exit 0
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / ".rig" / "log").mkdir(parents=True)
    return Layout(tmp_path, tmp_path / ".rig", tmp_path / "cache", tmp_path / "run")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A container engine made of files: a list of its images' names, and one of the calls of its client."""
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "docker").write_text(ENGINE)
    (folder / "docker").chmod(0o755)
    (folder / "images").touch()
    monkeypatch.setattr("rig.host.docker.search_path", lambda: f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("ENGINE", str(folder))
    return folder


def calls(engine: Path, of: str) -> list[str]:
    return [line for line in (engine / "calls").read_text().splitlines() if line.startswith(of)]


def test_a_root_file_system_is_imported_as_it_is(layout: Layout, engine: Path, tmp_path: Path) -> None:
    name = ensure_image(layout, Docker(None, "rig"), tmp_path / "rootfs.tar", "ab12")
    assert name == f"kubelab/node:{mark_of(layout)}-ab12"
    assert calls(engine, "import") == [f"import {tmp_path / 'rootfs.tar'} {name}"]


def test_a_root_file_system_is_imported_once_and_other_content_beside_it(
    layout: Layout, engine: Path, tmp_path: Path
) -> None:
    docker = Docker(None, "rig")
    first = ensure_image(layout, docker, tmp_path / "rootfs.tar", "ab12")
    assert ensure_image(layout, docker, tmp_path / "rootfs.tar", "ab12") == first
    assert len(calls(engine, "import")) == 1
    assert ensure_image(layout, docker, tmp_path / "other.tar", "cd34") != first
    assert len(calls(engine, "import")) == 2


def test_this_clones_images_are_removed_and_nobody_elses(layout: Layout, engine: Path) -> None:
    ours = [image_name(layout, key) for key in ("ab12", "cd34", "ef56")]
    (engine / "images").write_text("".join(f"{name}\n" for name in (*ours, "kubelab/node:other-ab12")))
    remove_images(layout, Docker(None, "rig"))
    assert calls(engine, "image rm") == [f"image rm --force {' '.join(ours)}"]


def test_an_engine_without_our_images_is_left_alone(layout: Layout, engine: Path) -> None:
    (engine / "images").write_text("kubelab/node:other-ab12\n")
    remove_images(layout, Docker(None, "rig"))
    assert calls(engine, "image rm") == []
