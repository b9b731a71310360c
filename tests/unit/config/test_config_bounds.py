"""Whatever is read ends, in time and in memory, and whatever is wrong with it is one line without a secret."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from config import ConfigError
from config.load import load, load_file
from config.reading import guard, plain_data
from config.reading.json_reader import read_json
from tests.unit.config.lab_folder import KUBERNETES, LabFolder

LONGEST_SECONDS = 2
LONG = 80_000


@contextmanager
def in_time() -> Iterator[None]:
    """What happens inside takes no longer than any input may."""
    start = time.process_time()
    yield
    assert time.process_time() - start < LONGEST_SECONDS


def lines(lab: Callable[[], object]) -> list[str]:
    """What is said of a lab with faults."""
    with pytest.raises(ConfigError) as raised, in_time():
        lab()
    assert all(line.isprintable() for line in str(raised.value).split("\n"))
    assert guard.UNEXPECTED not in str(raised.value)
    return str(raised.value).split("\n")[1:]


def anything_said(lab: LabFolder) -> list[str]:
    """What is said of a lab that may have faults."""
    try:
        with in_time():
            lab.load()
    except ConfigError as error:
        return str(error).split("\n")
    return []


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


@pytest.mark.case("D6")
@pytest.mark.parametrize("special", ["\x1b", "\udcff", "\x7f"])
def test_a_password_with_what_nobody_types_is_refused_without_being_shown(special: str, minimal: LabFolder) -> None:
    with pytest.raises(ConfigError) as raised:
        minimal.load({"KUBELAB_VSPHERE_PASSWORD": f"hunter2{special}"})
    assert "found a control character in environment variable KUBELAB_VSPHERE_PASSWORD" in str(raised.value)
    assert "hunter2" not in str(raised.value)
    minimal.edit_site("user: root", "user: root\n    passwordFile: password")
    (minimal.path / "password").write_bytes(b"hunter2\x1b\n")
    (minimal.path / "password").chmod(0o600)
    (line,) = lines(minimal.load)
    assert line.endswith("found a control character in 'password', wanted: the password alone on one line")


@pytest.mark.case("D2")
@pytest.mark.parametrize(
    "around",
    ["\ufeff{}", "# Zertifikate für das Labor, läuft ab 2036\n{}", "\ufeffsubject=O = Bücher\r\n{}\n# Ende …\n"],
    ids=["byte order mark", "umlauts", "both"],
)
def test_what_stands_around_certificates_is_no_fault_and_goes_nowhere(
    around: str, minimal: LabFolder, certificate: tuple[str, str]
) -> None:
    (minimal.path / "ca.pem").write_text(around.format(certificate[0]), encoding="utf-8")
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca.pem}")
    minimal.edit_site("addresses:", "mirrors: {caFile: ca.pem}\naddresses:")
    site = minimal.load().site
    assert site.vsphere.tls.ca_pem == site.mirrors.ca_pem == certificate[0]


@pytest.mark.case("D2")
def test_all_certificates_of_a_file_are_kept_in_their_order(
    minimal: LabFolder, certificate: tuple[str, str], other_certificate: str
) -> None:
    windows = f"=== 0440 /etc/sudoers.d/x\r\n{certificate[0]}\r\nzwölf\r\n{other_certificate}".replace("\n", "\r\n")
    (minimal.path / "ca.pem").write_text(windows, newline="")
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca.pem}")
    assert minimal.load().site.vsphere.tls.ca_pem == certificate[0] + other_certificate


@pytest.mark.case("D2")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["site.yaml", "ca.pem"])
def test_another_encoding_is_one_line(name: str, encoding: str, minimal: LabFolder) -> None:
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca.pem}")
    (minimal.path / name).write_text("platform: {}\n", encoding=encoding)
    if name == "site.yaml":
        minimal.path.joinpath("ca.pem").touch()
    (line,) = lines(minimal.load)
    assert line.endswith("cannot be read: it is not text in UTF-8; save it in that encoding")


@pytest.mark.case("D2")
def test_a_byte_order_mark_before_a_stack_and_a_site_is_no_fault(minimal: LabFolder) -> None:
    for file in (minimal.stack, minimal.site):
        file.write_text(f"\ufeff# für alle\n{file.read_text()}", encoding="utf-8")
    assert [node.name for node in minimal.load().nodes] == ["cp1", "w1"]


@pytest.mark.case("D7")
@pytest.mark.parametrize(
    "value", ["a" * LONG, "a@" * (LONG // 2), "a:" * (LONG // 2), "é" * LONG, "-" * LONG, "1" * 300]
)
@pytest.mark.parametrize(
    "key",
    [
        *("esxi.lab", "root", "ds1", "VM Network", "node.ova", "10.87.0.0/24", "0123456789abcdef" * 4),
    ],
)
def test_a_long_wrong_value_of_a_site_is_cut_and_takes_no_time(key: str, value: str, minimal: LabFolder) -> None:
    minimal.edit_site(key, f'"{value}:"' if value.startswith("1") else f'"{value}: "')
    assert all(len(line) < 400 for line in anything_said(minimal))


@pytest.mark.case("D7")
@pytest.mark.parametrize(
    "value", ["a" * LONG, "1." * (LONG // 2), "a," * (LONG // 2), "a-" * (LONG // 2), "a" * 60_000]
)
@pytest.mark.parametrize(
    "where",
    [
        *("kubernetesVersion", "runtime", "podSubnet", "dnsDomain", "controlPlaneEndpoint", "onRuntimeChange"),
        *("apiServer: {certSANs", "etcd: {extraArgs", "podNetwork: {plugin", "runtimeVersions: {docker", "kubelet: {a"),
    ],
)
def test_a_long_wrong_value_of_a_stack_is_cut_and_takes_no_time(where: str, value: str, minimal: LabFolder) -> None:
    written = f'["{value}"]' if where.endswith(("certSANs", "extraArgs")) else f'"{value}"'
    close = "}" if "{" in where else ""
    more = "" if where == "kubernetesVersion" else f"kubernetesVersion: {KUBERNETES}, "
    text = minimal.stack.read_text()
    minimal.stack.write_text(
        text.replace(f"\n    kubernetesVersion: {KUBERNETES}", f" {{{more}{where}: {written}{close}}}")
    )
    assert all(len(line) < 400 for line in anything_said(minimal))


@pytest.mark.case("D7")
@pytest.mark.parametrize("key", ["a" * LONG, "kubelet" * 10_000, "a@" * 40_000])
def test_a_long_unknown_key_is_cut_and_takes_no_time(key: str, minimal: LabFolder) -> None:
    minimal.edit_site("addresses:", f'"{key}": 1\naddresses:' if len(key) < 1000 else f'? "{key}"\n: 1\naddresses:')
    assert all(len(line) < 400 for line in lines(minimal.load))


@pytest.mark.case("D8")
def test_aliases_and_merge_keys_inside_each_other_take_no_time(minimal: LabFolder) -> None:
    site = minimal.site.read_text()
    for line in ("k0: *a{0}, k1: *a{0}, k2: *a{0}", "<<: [*a{0}, *a{0}], k: *a{0}", "<<: *a{0}, k{0}: [*a{0}, *a{0}]"):
        levels = "".join(f"  a{n + 1}: &a{n + 1} {{{line.format(n)}}}\n" for n in range(60))
        minimal.site.write_text(f"{site}kubelet:\n  a0: &a0 {{x: 1}}\n{levels}")
        assert all(": found more than " in line for line in lines(minimal.load))


@pytest.mark.case("D4", "D5", "D6")
@pytest.mark.parametrize(
    ("cluster", "place"),
    [
        (f'{{"kubelet": {{"maxPods": {"9" * 5000}}}}}', "kubelab:cluster/kubelet/maxPods"),
        ('{"kubelet": {"maxPods": 1e999999}}', "kubelab:cluster/kubelet/maxPods"),
        ('{"kubelet": {"maxPods": Infinity}}', "kubelab:cluster/kubelet/maxPods"),
        (f'{{"kubelet": {"[" * 100}{"]" * 100}}}', "kubelab:cluster/kubelet/0"),
        ('{"dnsDomain": "a\\u0000"}', "kubelab:cluster/dnsDomain"),
        ('{"dnsDomain": "\\ud800"}', "kubelab:cluster/dnsDomain"),
        ("[" * 100_000, "kubelab:cluster"),
        ("a plain text", "kubelab:cluster"),
        ("null", "kubelab:cluster"),
    ],
)
def test_what_pulumi_hands_over_is_bounded_as_a_file_is(cluster: str, place: str, minimal: LabFolder) -> None:
    nodes = {"cp1": {"role": "controlPlane"}}

    def handed_over() -> object:
        return load("lab", read_json(cluster), nodes, "../site.yaml", minimal.stack.parent, {})

    assert lines(handed_over)[0].startswith(f"stacks/Pulumi.lab.yaml: {place}: found ")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({1: "a"}, "found a key that is not text"),
        ({"a": b"x"}, "found a YAML bytes"),
        ({"a": "x" * 70_000}, "found a text of 70000 characters, allowed: 65536"),
        ({"k" * 2000: 1}, "found a key of 2000 characters, allowed: 1000"),
        ([0] * 40_000, "found more than 30000 values"),
    ],
)
def test_data_beyond_the_bounds_is_refused_by_its_place(data: object, reason: str) -> None:
    ((_, text),) = plain_data.faults(data)
    assert text.startswith(reason)


def test_data_within_the_bounds_has_no_fault() -> None:
    assert plain_data.faults({"a": [1, -2.5, "zwölf\n\t", None, True, {"b": {}}]}) == []


@pytest.mark.parametrize("error", [OverflowError("hunter2"), RecursionError("hunter2"), KeyError("hunter2")])
def test_what_no_check_expects_is_one_line_at_its_place(
    error: Exception, minimal: LabFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(_: object) -> object:
        raise error

    monkeypatch.setattr("config.values.hosts.IPv4Address", stumble)
    text = minimal.stack.read_text()
    endpoint = f"{KUBERNETES}\n    controlPlaneEndpoint: 10.0.0.1"
    minimal.stack.write_text(text.replace(KUBERNETES, endpoint))
    with pytest.raises(ConfigError) as raised:
        minimal.load()
    (problem,) = raised.value.problems
    assert problem.path == "kubelab:cluster/controlPlaneEndpoint"
    assert f"{guard.UNEXPECTED} ({type(error).__name__} at " in problem.text
    assert "hunter2" not in problem.text


def test_a_rule_that_stumbles_is_one_line(minimal: LabFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise AttributeError("hunter2")

    monkeypatch.setattr("config.load.broken_rules", stumble)
    with pytest.raises(ConfigError) as raised:
        minimal.load()
    (problem,) = raised.value.problems
    assert "AttributeError" in problem.text
    assert "hunter2" not in problem.text


@pytest.mark.parametrize("path", ["https://root:hunter2@mirror.lab/site.yaml", "root:hunter2@esxi.lab"])
def test_a_password_in_an_address_in_place_of_a_path_is_not_shown(path: str, minimal: LabFolder) -> None:
    minimal.edit_site("user: root", f"user: root\n    tls: {{caFile: '{path}'}}")
    assert "hunter2" not in "".join(lines(minimal.load))
    minimal.stack.write_text(minimal.stack.read_text().replace("../site.yaml", path))
    assert "hunter2" not in "".join(lines(minimal.load))


@pytest.mark.case("D7", "D18")
def test_thousands_of_faults_take_no_time_and_are_counted(minimal: LabFolder) -> None:
    keys = "".join(f"unknown-{number}: 1\n" for number in range(9_000))
    minimal.site.write_text(f"{minimal.site.read_text()}{keys}")
    said = lines(minimal.load)
    assert len(said) == 101
    assert said[-1] == "site.yaml: found 8900 faults more; correct these first"


def test_a_path_with_what_no_path_can_have_is_one_line(minimal: LabFolder) -> None:
    name = "a" * 5000
    minimal.stack.write_text(minimal.stack.read_text().replace("../site.yaml", name))
    assert "file name too long; correct the path" in lines(minimal.load)[0]
