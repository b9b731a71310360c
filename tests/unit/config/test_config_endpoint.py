"""The address that a control plane is reached at, as a stack file writes it."""

import pytest

from config import ConfigError
from tests.unit.config.lab_folder import KUBERNETES, LabFolder


def with_endpoint(folder: LabFolder, endpoint: str) -> LabFolder:
    text = folder.stack.read_text()
    version = f"kubernetesVersion: {KUBERNETES}"
    folder.stack.write_text(text.replace(version, f"{version}\n    controlPlaneEndpoint: '{endpoint}'"))
    return folder


@pytest.mark.parametrize(
    ("written", "endpoint"),
    [
        ("api.lab", "api.lab:6443"),
        ("api.lab:443", "api.lab:443"),
        ("api", "api:6443"),
        ("10.87.0.2", "10.87.0.2:6443"),
        ("10.87.0.2:8443", "10.87.0.2:8443"),
    ],
)
def test_an_endpoint_without_a_port_has_the_api_servers(written: str, endpoint: str, minimal: LabFolder) -> None:
    assert with_endpoint(minimal, written).load().cluster.control_plane_endpoint == endpoint


@pytest.mark.parametrize(
    "written",
    [
        "",
        ":6443",
        "api.lab:",
        "api.lab:0",
        "api.lab:65536",
        "api.lab:" + "1" * 5000,
        "API.lab",
        "api_lab",
        "10.87.0.300",
        "fd00::1",
    ],
)
def test_an_endpoint_that_is_no_name_or_ipv4_address_is_refused(written: str, minimal: LabFolder) -> None:
    with pytest.raises(ConfigError, match="wanted: a host name in lower case or an IPv4 address, with or without a"):
        with_endpoint(minimal, written).load()


@pytest.mark.parametrize("written", ["127.0.0.1", "0.0.0.0:6443", "169.254.1.1", "224.0.0.1", "255.255.255.255"])
def test_an_endpoint_that_no_other_machine_can_reach_is_refused(written: str, minimal: LabFolder) -> None:
    with pytest.raises(ConfigError, match="which no other machine can reach"):
        with_endpoint(minimal, written).load()
