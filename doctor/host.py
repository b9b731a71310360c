"""What the lab's hosts are kept from, by the same reader that a run asks before it changes anything."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import yaml

from components import devices
from config import LabConfig, NodeConfig, VsphereConfig
from provider.vsphere import places
from provider.vsphere.cancel import CancelToken
from provider.vsphere.conditions.findings import Finding
from provider.vsphere.conditions.reading import conditions
from provider.vsphere.conditions.space import Taken, of_shared
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.conditions.wanted import machine as wanted_machine
from provider.vsphere.endpoint import Endpoint
from provider.vsphere.errors import VsphereError
from provider.vsphere.placement import placement

PROJECT_FILE = Path("Pulumi.yaml")


def asked(config: LabConfig) -> tuple[VsphereConfig, ...]:
    """The targets that a lab needs: none where all its machines exist, whatever else its site has."""
    return config.site.vsphere if any(node.image for node in config.nodes) else ()


def findings(config: LabConfig, passwords: Mapping[str, str], placed: Mapping[str, str]) -> list[Finding]:
    """The conditions of all targets for this lab, asked at once; that one cannot be asked is one of them.

    `passwords` are those of the stack by the names of targets, for those of which the site has none; `placed` has the
    targets of machines that exist.
    """
    targets = asked(config)
    if not targets:
        return []
    taken: list[Taken] = []
    with ThreadPoolExecutor(len(targets)) as pool:
        answers = pool.map(
            lambda target: _of_target(config, target, passwords.get(target.name), placed, taken), targets
        )
        found = dict(zip((target.name for target in targets), answers, strict=True))
    if len(targets) == 1:
        return [each for answer in found.values() for each in answer]
    return [
        replace(each, text=f"on {target.name} ({target.server}): {each.text}")
        for target in targets
        for each in found[target.name]
    ] + of_shared(sorted(taken, key=lambda each: each.target))


def _of_target(
    config: LabConfig, target: VsphereConfig, of_stack: str | None, placed: Mapping[str, str], taken: list[Taken]
) -> list[Finding]:
    password = target.password_or_none() or of_stack
    if password is None:
        return [Finding(target.missing_password())]
    tls = target.tls
    endpoint = Endpoint(
        *(target.server, target.port, target.user, password, tls.ca_pem, tls.sha256), insecure=tls.insecure
    )
    try:
        place = places.connected(endpoint, placement(target.placement.keys), CancelToken())
        try:
            owner, machines = f"{_project()}/{config.stack}", wanted(config, target, placed)
            called = f"{target.name} ({target.server})"
            return conditions(place, owner, machines, lambda each: taken.append(replace(each, target=called)))
        finally:
            place.session.close()
    except VsphereError as error:
        return [Finding(str(error))]


def wanted(config: LabConfig, target: VsphereConfig, placed: Mapping[str, str]) -> Sequence[WantedMachine]:
    """The machines that the lab declares on a target, or has there; of what is not placed yet, nothing is known."""
    return [
        wanted_machine({**devices.wants(node), "datastore": target.datastore, "network": target.network})
        for node in config.nodes
        if _host(config, node, placed) == target.name
    ]


def _host(config: LabConfig, node: NodeConfig, placed: Mapping[str, str]) -> str | None:
    """The name of the target on which a node's machine is; None if that is not known yet."""
    said = config.site.target_of(node)
    return placed.get(node.name) if said is None else said.name


def lines(found: Sequence[Finding]) -> tuple[list[str], list[str]]:
    """Faults and warnings as they are printed."""
    faults = [f"error: asking the host: {finding.text}" for finding in found if finding.blocks]
    return faults, [f"warning: asking the host: {finding.text}" for finding in found if not finding.blocks]


def _project() -> str:
    return str(yaml.safe_load(PROJECT_FILE.read_text(encoding="utf-8"))["name"])
