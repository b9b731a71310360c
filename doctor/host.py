"""What the lab's host is kept from, by the same reader that a run asks before it changes anything."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from config import LabConfig
from provider.vsphere import standalone_host
from provider.vsphere.cancel import CancelToken
from provider.vsphere.conditions.findings import Finding
from provider.vsphere.conditions.reading import conditions
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.endpoint import Endpoint
from provider.vsphere.errors import VsphereError

PROJECT_FILE = Path("Pulumi.yaml")


def findings(config: LabConfig, password: str | None) -> list[Finding]:
    """The conditions of the host for this lab; that it cannot be asked is one of them."""
    vsphere = config.site.vsphere[0]
    if password is None:
        return [Finding(vsphere.missing_password())]
    tls = vsphere.tls
    endpoint = Endpoint(vsphere.server, vsphere.port, vsphere.user, password, ca_pem=tls.ca_pem, sha256=tls.sha256)
    place = standalone_host.connected(endpoint, CancelToken())
    try:
        return conditions(place, f"{_project()}/{config.stack}", wanted(config))
    except VsphereError as error:
        return [Finding(str(error))]
    finally:
        place.session.close()


def wanted(config: LabConfig) -> Sequence[WantedMachine]:
    """The machines that the lab declares."""
    vsphere = config.site.vsphere[0]
    return [
        WantedMachine(node.name, node.machine.disk_gib, node.machine.memory_mib, vsphere.datastore, vsphere.network)
        for node in config.nodes
    ]


def lines(found: Sequence[Finding]) -> tuple[list[str], list[str]]:
    """Faults and warnings as they are printed."""
    faults = [f"error: asking the host: {finding.text}" for finding in found if finding.blocks]
    return faults, [f"warning: asking the host: {finding.text}" for finding in found if not finding.blocks]


def _project() -> str:
    return str(yaml.safe_load(PROJECT_FILE.read_text(encoding="utf-8"))["name"])
