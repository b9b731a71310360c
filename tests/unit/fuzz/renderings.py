"""What an accepted lab is rendered to: every step's input, of which each part must be in its place."""

import inspect
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import yaml

from components import steps
from components.guest_file import render_files
from components.steps.cluster.membership import Admission
from components.steps.node import kubelet, prepare_os
from config import LabConfig, NodeConfig, versions

ADDRESS = "10.87.0.9"
HEADER = re.compile(r"=== (0[0-7]{3}) ([1-9][0-9]*) (/.+)")
# What is between these and the file's own name is the name of a registry's server.
BY_SERVER = re.compile(r"(/etc/(?:containerd|containers|docker)/certs\.d)/([^/]+)/([^/]+)")
SERVER = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?")
FOLDERS = ("/etc/", "/usr/local/", "/var/lib/kubelab/", "/var/lib/kubelet/")


@cache
def _environments() -> Mapping[str, Callable[..., Any]]:
    modules = {each.name: import_module(f"components.steps.{each.name}") for each in iter_modules(steps.__path__)}
    return {name: module.environment for name, module in modules.items() if hasattr(module, "environment")}


def rendered(lab: LabConfig) -> Iterator[tuple[str, str, str]]:
    """Of every step of every node, the name of each input and its text."""
    minor = versions.kubernetes(lab.cluster.kubernetes_version).minor
    for node in lab.nodes:
        given = _given(lab, node)
        given["repositories"] = prepare_os.repositories(node, minor, lab.site.mirrors)
        for step, environment in _environments().items():
            if step == "init" and node.role != "controlPlane":
                continue
            arguments = {name: given[name] for name in inspect.signature(environment).parameters}
            yield from ((step, name, text) for name, text in environment(**arguments).items())
        yield "kubelet", "FILES", render_files([kubelet.patch(kubelet.settings(node, minor))])


def _given(lab: LabConfig, node: NodeConfig) -> dict[str, Any]:
    """What some step's `environment` asks for, by the name of its parameter."""
    return {
        "config": lab,
        "lab": lab,
        "cluster": lab.cluster,
        "site": lab.site,
        "mirrors": lab.site.mirrors,
        "node": node,
        "nodes": lab.nodes,
        "name": node.name,
        "worker": node.name,
        "address": ADDRESS,
        "addresses": {each.name: ADDRESS for each in lab.nodes},
        "endpoint": f"{ADDRESS}:6443",
        "initialisation": "1",
        "renewals": 0,
        "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        "ssh_user": lab.site.ssh.user,
        "facts": "",
        "identity": "machine-id 0123",
        "admitted": Admission("TUlJQg==", "TUlJQg=="),
    }


def check(lab: LabConfig) -> int:
    """Asserts that everything which is rendered is in its place; how many texts there were."""
    count = 0
    for step, name, text in rendered(lab):
        count += 1
        where = f"{name} of {step}"
        assert "\0" not in text, where
        text.encode()
        if text.startswith("=== "):
            _check_files(where, text)
        elif name == "KUBEADM_CONFIG" and text:
            _check_documents(lab, list(yaml.safe_load_all(text)))
        elif name == "CERT_SANS":
            assert text.split(" ") == list(lab.cluster.cert_sans) or not text, where
        elif name == "NODES":
            assert [line.split(" ") for line in text.splitlines()] == [[node.name, ADDRESS] for node in lab.nodes], (
                where
            )
        elif name == "HOSTS":
            assert text.splitlines() == [f"{ADDRESS} {node.name}" for node in lab.nodes], where
        elif name == "NODE_NAME":
            assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", text), where
    return count


def files_in(text: str) -> dict[str, str]:
    """The files of a text as a guest reads it: their texts by their paths."""
    found, lines = dict[str, str](), text.removesuffix("\n").split("\n")
    while lines:
        header = HEADER.fullmatch(lines.pop(0))
        assert header, "a line that is no header"
        own, lines = lines[: int(header[2])], lines[int(header[2]) :]
        assert header[3] not in found, f"{header[3]} twice"
        found[header[3]] = "".join(f"{line}\n" for line in own)
    return found


def _check_files(where: str, text: str) -> None:
    for path, content in files_in(text).items():
        assert str(Path(path)) == path, f"{where}: {path}"
        assert path.startswith(FOLDERS), f"{where}: {path}"
        assert ".." not in Path(path).parts, f"{where}: {path}"
        if "certs.d" in path:
            found = BY_SERVER.fullmatch(path)
            assert found, f"{where}: {path}"
            assert SERVER.fullmatch(found[2]), f"{where}: {path}"
        if path.endswith((".toml", ".conf")) and ("/containerd/" in path or "/crio/" in path or "/containers/" in path):
            tomllib.loads(content)
        elif path.endswith(".json"):
            json.loads(content)
        elif path.endswith((".yaml", ".yml")):
            yaml.safe_load(content)


def _check_documents(lab: LabConfig, documents: list[dict[str, Any]]) -> None:
    """kubeadm's documents say what was declared, each in its place, and texts are texts."""
    by_kind = {document["kind"]: document for document in documents}
    assert len(by_kind) == len(documents)
    for document in documents:
        if "nodeRegistration" in document:
            assert document["nodeRegistration"]["name"] in [node.name for node in lab.nodes]
    if "ClusterConfiguration" in by_kind:
        cluster = by_kind["ClusterConfiguration"]
        assert cluster["networking"]["dnsDomain"] == lab.cluster.dns_domain
        api_server = cluster.get("apiServer", {})
        assert api_server.get("certSANs", []) == list(lab.cluster.cert_sans)
        written = [(each["name"], each["value"]) for each in api_server.get("extraArgs", [])]
        declared = [(each.name, each.value) for each in lab.cluster.api_server_extra_args]
        assert [each for each in written if each in declared] == declared
        own = {key: by_kind["KubeProxyConfiguration"][key] for key in lab.cluster.kube_proxy}
        assert own == dict(lab.cluster.kube_proxy)
