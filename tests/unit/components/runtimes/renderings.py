"""What each container runtime makes of its rendered files: read from them in its own way, said in one way for all."""

import base64
import json
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from components.guest_file import GuestFile
from components.records.runtime import Installation, RuntimeSettings
from components.registries import CREDENTIALS
from components.runtimes import RUNTIMES
from components.steps.node.images import sources
from config import MirrorsConfig, RegistryConfig
from tests.unit.components.labs import RELEASE, RUNTIME_VERSIONS, UPSTREAM

# https://github.com/distribution/reference: where images of docker.io are when nobody says otherwise.
DEFAULT_SERVERS = {"docker.io": "registry-1.docker.io"}
MEBIBYTE = 1024**2


def settings(
    *registries: RegistryConfig, log_max_bytes: int = 10 * MEBIBYTE, log_max_files: int = 5
) -> RuntimeSettings:
    """What a runtime is told."""
    return RuntimeSettings(RELEASE.pause_image, registries, log_max_bytes, log_max_files)


def files_of(runtime: str, *registries: RegistryConfig) -> dict[str, GuestFile]:
    """The files of a runtime by their paths."""
    files = RUNTIMES[runtime].files(settings(*registries))
    by_path = {file.path: file for file in files}
    assert len(by_path) == len(files)
    return by_path


def inputs_of(
    runtime: str,
    mirrors: MirrorsConfig = UPSTREAM,
    versions: Mapping[str, str] = RUNTIME_VERSIONS,
) -> Mapping[str, str]:
    """What the script of a runtime is given besides."""
    return RUNTIMES[runtime].inputs(Installation(versions, mirrors))


@dataclass(frozen=True, slots=True)
class Source:
    """Where a runtime asks for the images of a registry: host[:port], the path before their names, and as whom."""

    server: str
    path: str
    authority: str | None
    login: str | None


class Rendering(ABC):
    """The files of one runtime, for these registries."""

    def __init__(self, *registries: RegistryConfig) -> None:
        self.registries = registries
        self.files = files_of(self.runtime, *registries)

    @property
    @abstractmethod
    def runtime(self) -> str:
        """The user's word."""

    @abstractmethod
    def sandbox_image(self) -> str:
        """The image of a pod's own container."""

    @abstractmethod
    def cgroup_driver(self) -> str | None:
        """What is written of it; None if nothing is."""

    @abstractmethod
    def source(self, registry: str) -> Source:
        """Where the images of a registry come from."""

    def text(self, path: str) -> str:
        """The text of one file."""
        return self.files[path].text

    def authority(self, *path: str) -> str | None:
        """The text of an authority's file, if there is one."""
        file = self.files.get(str(PurePosixPath(*path)))
        return file.text if file else None


class Containerd(Rendering):
    """containerd reads config.toml, and for each registry its hosts.toml."""

    runtime = "containerd"

    @property
    def config(self) -> dict[str, Any]:
        """config.toml, parsed."""
        return tomllib.loads(self.text("/etc/containerd/config.toml"))

    def plugin(self, name: str) -> Any:
        """The settings of one plugin."""
        return self.config["plugins"][f"io.containerd.cri.v1.{name}"]

    def sandbox_image(self) -> str:
        return str(self.plugin("images")["pinned_images"]["sandbox"])

    def cgroup_driver(self) -> str | None:
        runtimes = self.plugin("runtime")["containerd"]
        options = runtimes["runtimes"][runtimes["default_runtime_name"]]["options"]
        return {True: "systemd", False: "cgroupfs", None: None}[options.get("SystemdCgroup")]

    def hosts(self, registry: str) -> dict[str, Any]:
        """hosts.toml of a registry, parsed."""
        folder = self.plugin("images")["registry"]["config_path"]
        return tomllib.loads(self.text(f"{folder}/{registry}/hosts.toml"))

    def source(self, registry: str) -> Source:
        hosts = self.hosts(registry)
        url = urlsplit(hosts["server"])
        assert url.scheme == "https"
        # Without override_path containerd puts /v2 there itself.
        path = url.path.removeprefix("/v2").strip("/") if hosts.get("override_path") else url.path
        kind, _, credentials = hosts.get("header", {}).get("Authorization", "").partition(" ")
        assert kind in ("", "Basic")
        return Source(
            url.netloc,
            path,
            self.authority(hosts["ca"]) if "ca" in hosts else None,
            base64.b64decode(credentials).decode() if credentials else None,
        )


class Crio(Rendering):
    """CRI-O reads its drop-in, and containers-registries.conf, containers-certs.d and containers-auth.json."""

    runtime = "crio"

    @property
    def drop_in(self) -> dict[str, Any]:
        """The drop-in, parsed."""
        parsed: dict[str, Any] = tomllib.loads(self.text("/etc/crio/crio.conf.d/20-kubelab.conf"))["crio"]
        return parsed

    @property
    def mirrored(self) -> list[dict[str, Any]]:
        """The registries of containers-registries.conf."""
        path = "/etc/containers/registries.conf.d/20-kubelab.conf"
        return list(tomllib.loads(self.text(path))["registry"]) if path in self.files else []

    def sandbox_image(self) -> str:
        return str(self.drop_in["image"]["pause_image"])

    def cgroup_driver(self) -> str | None:
        written: str | None = self.drop_in["runtime"].get("cgroup_manager")
        return written

    def source(self, registry: str) -> Source:
        found = [entry["location"] for entry in self.mirrored if entry["prefix"] == registry]
        server, _, path = (found[0] if found else DEFAULT_SERVERS.get(registry, registry)).partition("/")
        auth = self.drop_in["image"].get("global_auth_file")
        logins = json.loads(self.text(auth))["auths"] if auth else {}
        return Source(
            server, path, self.authority("/etc/containers/certs.d", server, "ca.crt"), login_of(logins, server)
        )


class Docker(Rendering):
    """Docker reads daemon.json and certs.d; its client and the kubelet read config.json; the script, IMAGE_SOURCES."""

    runtime = "docker"

    @property
    def daemon(self) -> dict[str, Any]:
        """daemon.json, parsed."""
        parsed: dict[str, Any] = json.loads(self.text("/etc/docker/daemon.json"))
        return parsed

    def sandbox_image(self) -> str:
        lines = self.text("/etc/systemd/system/cri-docker.service").splitlines()
        (command,) = [line for line in lines if line.startswith("ExecStart=")]
        (image,) = [word for word in command.split() if word.startswith("--pod-infra-container-image=")]
        return image.partition("=")[2]

    def cgroup_driver(self) -> str | None:
        drivers = [option.partition("=")[2] for option in self.daemon["exec-opts"] if "cgroupdriver=" in option]
        return drivers[0] if drivers else None

    def source(self, registry: str) -> Source:
        renamed = dict(line.split(" ") for line in sources("docker", self.registries).splitlines())
        mirrors = [urlsplit(mirror).netloc for mirror in self.daemon.get("registry-mirrors", [])]
        hub = mirrors[0] if registry == "docker.io" and mirrors else DEFAULT_SERVERS.get(registry, registry)
        server, _, path = renamed.get(registry, hub).partition("/")
        logins = json.loads(self.text(CREDENTIALS))["auths"] if CREDENTIALS in self.files else {}
        name = "https://index.docker.io/v1/" if server == "registry-1.docker.io" else server
        return Source(server, path, self.authority("/etc/docker/certs.d", server, "ca.crt"), login_of(logins, name))


def login_of(logins: Mapping[str, Mapping[str, str]], server: str) -> str | None:
    """user:password for a server."""
    return base64.b64decode(logins[server]["auth"]).decode() if server in logins else None


RENDERINGS: Mapping[str, type[Rendering]] = {"containerd": Containerd, "crio": Crio, "docker": Docker}
