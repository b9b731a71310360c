"""What is rendered for kubeadm, read by the real kubeadm of the embedded lab's build."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from pydantic import JsonValue

from components.steps.cluster import kubeadm
from config import ClusterConfig, ExtraArg
from rig.mirror.programs import binaries
from tests.unit.components.labs import CLUSTER, CONTROL_PLANE, SITE, WORKERS
from toolchain.build.workshop import build
from toolchain.layout import layout_of
from toolchain.progress import Progress

pytestmark = [pytest.mark.host, pytest.mark.timeout(1800), pytest.mark.case("D13")]

ROOT = Path(__file__).parents[4]
ADDRESS = "10.87.0.10"
NAMES = ("y", "n", "on", "no", "1", "1e3", "433e40", "0o17", "017", "0x1f", "null", "true", "cp1")
VALUES = (
    "n",
    "y",
    "1e9",
    "0o17",
    "017",
    "1:30",
    "null",
    "~",
    "",
    "true",
    "a: b",
    "a # b",
    "{a: b}",
    '"',
    "'",
    "\\",
    "%",
)


@pytest.fixture(scope="session")
def kubeadm_program() -> Path:
    """The lab's kubeadm: built once and kept, as `make rig` does it."""
    go = shutil.which("go")
    assert go is not None, "no Go on PATH; run: make setup"
    part = binaries.part(binaries.KUBERNETES)
    built = build([part], layout_of(ROOT), Path(go), Progress(StringIO()))
    return built.outputs[part.name] / "kubeadm"


def validated(program: Path, document: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "kubeadm.yaml"
    file.write_text(document)
    command = [str(program), "config", "validate", "--config", str(file)]
    environ = {**os.environ, "HOME": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environ)


def assert_accepted(program: Path, document: str, folder: Path) -> None:
    result = validated(program, document, folder)
    assert result.returncode == 0, f"{result.stderr}\n{document}"
    assert "strict decoding error" not in result.stderr
    assert "unknown field" not in result.stderr


@pytest.mark.parametrize("name", NAMES)
def test_kubeadm_reads_the_names_of_nodes_as_texts(kubeadm_program: Path, tmp_path: Path, name: str) -> None:
    node = replace(CONTROL_PLANE, name=name)
    assert_accepted(kubeadm_program, kubeadm.init_documents(CLUSTER, SITE, node, ADDRESS), tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_kubeadm_reads_the_names_of_workers_as_texts(kubeadm_program: Path, tmp_path: Path, name: str) -> None:
    document = kubeadm.join_document(SITE, replace(WORKERS[0], name=name), "10.87.0.11")
    # kubeadm looks whether the file that it names is there.
    kubeconfig = tmp_path / "join.conf"
    kubeconfig.touch()
    assert_accepted(kubeadm_program, document.replace(kubeadm.JOIN_KUBECONFIG, str(kubeconfig)), tmp_path)


def test_kubeadm_reads_by_what_clients_know_a_cluster(kubeadm_program: Path, tmp_path: Path) -> None:
    cluster = replace(CLUSTER, name="1e3", control_plane_endpoint="1e3.y:6443")
    assert_accepted(kubeadm_program, kubeadm.client_documents(cluster, ADDRESS), tmp_path)


def test_kubeadm_reads_the_values_of_arguments_as_texts(kubeadm_program: Path, tmp_path: Path) -> None:
    arguments = tuple(ExtraArg("v", value) for value in VALUES)
    cluster = replace(
        CLUSTER,
        api_server_extra_args=arguments,
        controller_manager_extra_args=arguments,
        scheduler_extra_args=arguments,
        etcd_extra_args=arguments,
        dns_domain="n.0o17",
        cert_sans=("1e3", "y", "2001:db8::5"),
        control_plane_endpoint="1e3.y:6443",
    )
    assert_accepted(kubeadm_program, kubeadm.init_documents(cluster, SITE, CONTROL_PLANE, ADDRESS), tmp_path)


SETTINGS: Mapping[str, Mapping[str, JsonValue]] = {
    "modes": {"mode": "nftables", "metricsBindAddress": "0.0.0.0:10249"},
    "numbers": {"mode": "iptables", "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "24h0m0s"}},
    "gates": {"mode": "iptables", "featureGates": {"SidecarContainers": True}},
}


@pytest.mark.parametrize("settings", SETTINGS)
def test_kubeadm_reads_the_settings_of_kube_proxy(kubeadm_program: Path, tmp_path: Path, settings: str) -> None:
    cluster: ClusterConfig = replace(CLUSTER, kube_proxy=SETTINGS[settings])
    assert_accepted(kubeadm_program, kubeadm.init_documents(cluster, SITE, CONTROL_PLANE, ADDRESS), tmp_path)


def test_a_name_without_quotes_is_what_kubeadm_refuses(kubeadm_program: Path, tmp_path: Path) -> None:
    """So that the tests above can fail."""
    documents = kubeadm.init_documents(CLUSTER, SITE, replace(CONTROL_PLANE, name="y"), ADDRESS)
    result = validated(kubeadm_program, documents.replace('name: "y"', "name: y"), tmp_path)
    assert result.returncode != 0
    assert "cannot unmarshal bool" in result.stderr
