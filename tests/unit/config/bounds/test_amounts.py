"""Whatever is read ends, in time and in memory: long values, many faults, depth."""

import pytest

from config.load import load
from config.reading import plain_data
from config.reading.json_reader import read_json
from tests.unit.config.bounds.said import LONG, anything_said, lines
from tests.unit.config.lab_folder import KUBERNETES, LabFolder


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


@pytest.mark.case("D7", "D18")
def test_thousands_of_faults_take_no_time_and_are_counted(minimal: LabFolder) -> None:
    keys = "".join(f"unknown-{number}: 1\n" for number in range(9_000))
    minimal.site.write_text(f"{minimal.site.read_text()}{keys}")
    said = lines(minimal.load)
    assert len(said) == 101
    assert said[-1] == "site.yaml: found 8900 faults more; correct these first"
