"""Files that a user names: what is none, too large or at no possible path is refused at once."""

import os

import pytest

from config.load import load_file
from tests.unit.config.bounds.said import lines
from tests.unit.config.lab_folder import LabFolder


@pytest.fixture(params=["fifo", "folder", "link to a device", "socket", "link in a circle"])
def no_file(request: pytest.FixtureRequest, minimal: LabFolder) -> tuple[str, str]:
    """The name of what is no file beside the site file, and what it is."""
    path = minimal.path / "other"
    match request.param:
        case "fifo":
            os.mkfifo(path)
            return path.name, "it is a pipe, wanted: a regular file"
        case "folder":
            path.mkdir()
            return path.name, "it is a folder, wanted: a regular file"
        case "socket":
            os.mknod(path, 0o140600)
            return path.name, "it is a socket, wanted: a regular file"
        case "link in a circle":
            path.symlink_to(path)
            return path.name, "too many levels of symbolic links; correct the path, whose links lead in a circle"
        case _:
            path.symlink_to("/dev/zero")
            return path.name, "it is a device, wanted: a regular file"


@pytest.mark.case("D9")
@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("platform/vsphere/tls/caFile", "user: root", "user: root\n    tls: {caFile: other}"),
        ("platform/vsphere/passwordFile", "user: root", "user: root\n    passwordFile: other"),
        ("mirrors/caFile", "addresses:", "mirrors: {caFile: other}\naddresses:"),
        ("registries/quay.io/caFile", "addresses:", "registries: {quay.io: {caFile: other}}\naddresses:"),
        (
            "registries/quay.io/passwordFile",
            "addresses:",
            "registries: {quay.io: {user: a, passwordFile: other}}\naddresses:",
        ),
    ],
)
def test_a_named_file_that_is_none_is_refused_without_waiting(
    key: str, old: str, new: str, no_file: tuple[str, str], minimal: LabFolder
) -> None:
    minimal.edit_site(old, new)
    name, reason = no_file
    assert lines(minimal.load) == [f"site.yaml: {key}: found '{name}', but {name} cannot be read: {reason}"]


@pytest.mark.case("D9")
def test_a_site_file_that_is_none_is_refused_without_waiting(no_file: tuple[str, str], minimal: LabFolder) -> None:
    name, reason = no_file
    minimal.stack.write_text(minimal.stack.read_text().replace("../site.yaml", f"../{name}"))
    assert lines(minimal.load) == [f"{name}: cannot be read: {reason}"]


@pytest.mark.case("D9")
def test_a_stack_file_that_is_none_is_refused_without_waiting(no_file: tuple[str, str], minimal: LabFolder) -> None:
    name, reason = no_file
    assert lines(lambda: load_file(minimal.path / name, {})) == [f"{name}: cannot be read: {reason}"]


@pytest.mark.case("D9")
@pytest.mark.parametrize("kind", ["fifo", "folder"])
@pytest.mark.parametrize("prefix", ["", "file://"])
def test_a_local_image_that_is_no_file_is_refused(kind: str, prefix: str, minimal: LabFolder) -> None:
    image = minimal.path / "image"
    image.mkdir() if kind == "folder" else os.mkfifo(image)
    minimal.edit_site("node.ova", f"{prefix}{image}")
    (line,) = lines(minimal.load)
    assert line.startswith("site.yaml: platform/vsphere/image/ova: found ")
    assert line.endswith(f", which is {'a folder' if kind == 'folder' else 'a pipe'}, wanted: a regular file")


@pytest.mark.case("D9")
def test_a_nodes_own_image_that_is_no_file_is_refused(minimal: LabFolder) -> None:
    text = minimal.stack.read_text()
    image = f"{{ova: ., sha256: {'0' * 63}a}}"
    minimal.stack.write_text(text.replace("w1: {role: worker}", f"w1: {{role: worker, image: {image}}}"))
    assert lines(minimal.load) == [
        "stacks/Pulumi.lab.yaml: kubelab:nodes/w1/image/ova: found '.', which is a folder, wanted: a regular file"
    ]


@pytest.mark.case("D9")
@pytest.mark.parametrize(("file", "limit"), [("site.yaml", 1024 * 1024), ("stacks/Pulumi.lab.yaml", 1024 * 1024)])
def test_a_file_that_is_too_large_is_not_read_on(file: str, limit: int, minimal: LabFolder) -> None:
    (minimal.path / file).write_text("#" * (limit + 1))
    reason = f"it has more than {limit} bytes; correct the path, or write less"
    assert lines(minimal.load) == [f"{file}: cannot be read: {reason}"]


@pytest.mark.case("D9")
def test_a_password_file_that_is_too_large_is_not_read_on(minimal: LabFolder) -> None:
    minimal.edit_site("user: root", "user: root\n    passwordFile: password")
    (minimal.path / "password").write_text("hunter2" * 1000)
    (line,) = lines(minimal.load)
    assert line.endswith("cannot be read: it has more than 4096 bytes; correct the path, or write less")
    assert "hunter2" not in line


@pytest.mark.parametrize("path", ["https://root:hunter2@mirror.lab/site.yaml", "root:hunter2@esxi.lab"])
def test_a_password_in_an_address_in_place_of_a_path_is_not_shown(path: str, minimal: LabFolder) -> None:
    minimal.edit_site("user: root", f"user: root\n    tls: {{caFile: '{path}'}}")
    assert "hunter2" not in "".join(lines(minimal.load))
    minimal.stack.write_text(minimal.stack.read_text().replace("../site.yaml", path))
    assert "hunter2" not in "".join(lines(minimal.load))


def test_a_path_with_what_no_path_can_have_is_one_line(minimal: LabFolder) -> None:
    name = "a" * 5000
    minimal.stack.write_text(minimal.stack.read_text().replace("../site.yaml", name))
    assert "file name too long; correct the path" in lines(minimal.load)[0]
