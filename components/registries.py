"""Registries as container runtimes see them: which server is asked, by which name, with which credentials. Pure."""

import base64
import json
from collections.abc import Iterable
from urllib.parse import urlsplit

from components.guest_file import GuestFile
from config.platform import RegistryConfig

_DOCKER_HUB = "docker.io"
_API_PATH = "/v2"
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
# Docker's client and the kubelet look for credentials in ~/.docker: this is the home that the kubelet is given, which a
# system service does not have otherwise.
_HOME = "/etc/kubelab/registries"
CREDENTIALS = f"{_HOME}/.docker/config.json"
_KUBELET_HOME = f"[Service]\nEnvironment=HOME={_HOME}\n"


def server(registry: RegistryConfig) -> str:
    """host[:port] of the server that is really asked: the mirror's, or the registry's own."""
    if registry.mirror:
        return urlsplit(registry.mirror).netloc
    return "registry-1.docker.io" if registry.host == _DOCKER_HUB else registry.host


def location(registry: RegistryConfig) -> str:
    """The server with the path under which it keeps the registry's repositories: `mirror.lab:5000/docker.io`."""
    if not registry.mirror:
        return registry.host
    prefix = urlsplit(registry.mirror).path.removeprefix(_API_PATH).strip("/")
    return f"{server(registry)}/{prefix}" if prefix else server(registry)


def basic_authorization(registry: RegistryConfig) -> str | None:
    """The credentials as HTTP's basic scheme has them, base64; a secret. None without any."""
    if registry.password is None:
        return None
    return base64.b64encode(f"{registry.user}:{registry.password.get_secret_value()}".encode()).decode()


def authority_files(folder: str, registries: Iterable[RegistryConfig]) -> list[GuestFile]:
    """The authority of each server that has one of its own, as docker and CRI-O look for it below `folder`."""
    found = {server(registry): registry.ca_pem for registry in registries if registry.ca_pem}
    return [GuestFile(f"{folder}/{asked}/ca.crt", pem(authority)) for asked, authority in found.items()]


def credential_files(registries: Iterable[RegistryConfig]) -> list[GuestFile]:
    """The credentials where docker's client, CRI-O and the kubelet read them; secret. Empty without any.

    The kubelet hands them to its runtime, whichever it is, by the registry's name in an image; the runtimes' own use of
    them goes by the server that is asked.
    """
    auths: dict[str, dict[str, str]] = {}
    for registry in registries:
        authorization = basic_authorization(registry)
        if authorization is not None:
            named = _DOCKER_HUB_KEY if registry.host == _DOCKER_HUB else registry.host
            auths |= {key: {"auth": authorization} for key in (named, server(registry))}
    if not auths:
        return []
    return [
        GuestFile(CREDENTIALS, json.dumps({"auths": auths}, indent=2) + "\n", "0600"),
        GuestFile("/etc/systemd/system/kubelet.service.d/20-kubelab.conf", _KUBELET_HOME),
    ]


def pem(text: str) -> str:
    """PEM text as a file's, which ends in a newline."""
    return text if text.endswith("\n") else f"{text}\n"
