"""Docker Engine, cri-dockerd before it: daemon.json, units, credentials, from what every runtime is given. Pure."""

import json
from collections.abc import Mapping
from ipaddress import IPv4Network
from urllib.parse import urlsplit

from components import apt, registries
from components.guest_file import GuestFile
from components.records.release import Download, by_version
from components.records.runtime import Adapter, Installation, MirrorLimit, Runtime, RuntimeSettings, crictl_file
from components.records.traces import Traces

CRI_SOCKET = "unix:///run/cri-dockerd.sock"
CRI_DOCKERD = Adapter(
    name="criDockerd",
    releases=by_version(
        Download(
            version=version,
            path=f"github.com/Mirantis/cri-dockerd/releases/download/v{version}/cri-dockerd-{version}.amd64.tgz",
            sha256=sha256,
        )
        for version, sha256 in (
            ("0.3.26", ("87f31c964d974cdce9c883c79b69e355c3c323e51d3a7d36cda140e6df7b8d5a",)),
            ("0.4.4", ()),
        )
    ),
)


def takes_mirror(host: str, mirror: str) -> bool:
    """Whether Docker can be told of that mirror (URL) of a registry: of docker.io alone, without a path of its own."""
    return host == "docker.io" and urlsplit(mirror).path.rstrip("/") == "/v2"


def render_daemon(settings: RuntimeSettings) -> str:
    """daemon.json, with the mirrors that Docker takes."""
    hub = [
        f"https://{registries.server(registry)}"
        for registry in settings.registries
        if takes_mirror(registry.host, registry.mirror)
    ]
    configuration = {
        "exec-opts": ["native.cgroupdriver=systemd"],
        "log-driver": "json-file",
        "log-opts": {"max-size": str(settings.log_max_bytes), "max-file": str(settings.log_max_files)},
        "live-restore": True,
        **({"registry-mirrors": hub} if hub else {}),
    }
    return json.dumps(configuration, indent=2) + "\n"


def render_service(sandbox_image: str) -> str:
    """cri-docker.service: cri-dockerd behind its socket, with the cluster's CNI and kubeadm's sandbox image."""
    command = [
        "/usr/local/bin/cri-dockerd",
        "--container-runtime-endpoint fd://",
        "--network-plugin=cni",
        f"--pod-infra-container-image={sandbox_image}",
    ]
    return f"""[Unit]
Description=CRI Interface for Docker Application Container Engine
Documentation=https://mirantis.github.io/cri-dockerd/
After=network-online.target docker.service
Wants=network-online.target
Requires=cri-docker.socket docker.service

[Service]
Type=notify
ExecStart={" ".join(command)}
ExecReload=/bin/kill -s HUP $MAINPID
TimeoutSec=0
RestartSec=2
Restart=always
LimitNOFILE=infinity
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
Delegate=yes
KillMode=process

[Install]
WantedBy=multi-user.target
"""


SOCKET_UNIT = """[Unit]
Description=CRI Docker Socket for the API
PartOf=cri-docker.service

[Socket]
ListenStream=/run/cri-dockerd.sock
SocketMode=0660
SocketUser=root
SocketGroup=docker

[Install]
WantedBy=sockets.target
"""


def files(settings: RuntimeSettings) -> list[GuestFile]:
    """Every file of Docker's and cri-dockerd's configuration."""
    return [
        crictl_file(CRI_SOCKET),
        GuestFile("/etc/docker/daemon.json", render_daemon(settings)),
        GuestFile("/etc/systemd/system/cri-docker.service", render_service(settings.sandbox_image)),
        GuestFile("/etc/systemd/system/cri-docker.socket", SOCKET_UNIT),
        *registries.authority_files("/etc/docker/certs.d", settings.registries),
        *registries.credential_files(settings.registries),
    ]


def inputs(installation: Installation) -> Mapping[str, str]:
    """What the script is given besides: the packages' versions, and cri-dockerd as a file with its checksums."""
    release = CRI_DOCKERD.releases[installation.versions[CRI_DOCKERD.name]]
    own = installation.mirrors.checksums.get(release.path)
    return {
        # Upstream's revisions are 5:28.3.3-1~<system>~<codename> and, before 23.0, 5:20.10.24~3-0~<system>-<codename>.
        # A pattern that ends in an asterisk would be a plain prefix to apt.
        "DOCKER_VERSION": f"5:{installation.versions['docker']}[-~]*[a-z0-9]",
        "CONTAINERD_VERSION": f"{installation.versions['containerd']}-*",
        "CRI_DOCKERD_VERSION": release.version,
        "CRI_DOCKERD_URL": release.url(installation.mirrors.files),
        "CRI_DOCKERD_SHA256": " ".join([*release.sha256, *([own] if own else [])]),
    }


RUNTIME = Runtime(
    name="docker",
    # 20.10.24 is a distribution's own build; containers of it ran under Kubernetes 1.36.3 behind cri-dockerd 0.4.4. The
    # adapter hides Docker's version from the kubelet, so that any will do.
    versions=("28.3.3", "29.7.2", "20.10.24"),
    adapter=CRI_DOCKERD,
    reported_as="docker",
    cri_socket=CRI_SOCKET,
    script="20-install-docker.sh",
    repository=lambda source: apt.docker(source.system.id, source.system.codename, source.mirrors),
    files=files,
    inputs=inputs,
    # From 1.36 on the kubelet would speak WebSocket to cri-dockerd's streaming server, by TLS, which that does not
    # offer: exec, attach and port-forward fail (Mirantis/cri-dockerd#560, #569).
    kubelet={"featureGates": {"ExtendWebSocketsToKubelet": False}},
    own_network=IPv4Network("172.17.0.0/16"),
    mirror_limit=MirrorLimit("mirrors of docker.io alone, and without a path below /v2", takes_mirror),
    traces=Traces(
        package=(
            "docker-ce",
            "docker-ce-cli",
            "docker-ce-rootless-extras",
            "docker-buildx-plugin",
            "docker-compose-plugin",
            "cri-dockerd",
            "containerd.io",
        ),
        unit=("cri-docker.service", "cri-docker.socket", "docker.service", "docker.socket"),
        path=(
            "/etc/docker",
            "/var/lib/docker",
            "/run/docker",
            "/run/docker.sock",
            "/var/lib/cri-dockerd",
            "/run/cri-dockerd.sock",
            "/var/lib/dockershim",
            "/etc/systemd/system/cri-docker.service",
            "/etc/systemd/system/cri-docker.socket",
            "/usr/local/bin/cri-dockerd",
            "/usr/local/bin/docker",
            "/usr/local/bin/docker-init",
            "/usr/local/bin/docker-proxy",
            "/usr/local/bin/dockerd",
        ),
        link=("docker0",),
        chain=("DOCKER", "DOCKER-*"),
        process=("docker-proxy",),
    ),
)
