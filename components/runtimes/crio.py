"""CRI-O: drop-ins beside the package's own files, from what every runtime is told. Pure."""

from collections.abc import Mapping

from components import registries
from components.apt import ANY_FINGERPRINT, Repository
from components.guest_file import GuestFile
from components.runtime import Installation, Runtime, RuntimeSettings, crictl_file
from components.toml import toml_string
from components.traces import Traces
from config import MirrorsConfig, RegistryConfig

CRI_SOCKET = "unix:///var/run/crio/crio.sock"
_UPSTREAM = "https://download.opensuse.org/repositories"


def repository(minor: str, mirrors: MirrorsConfig) -> Repository:
    """CRI-O's packages of one Kubernetes minor. Upstream publishes no fingerprint: its key is taken by verified TLS."""
    uri = f"{mirrors.apt_crio or _UPSTREAM}/isv:/cri-o:/stable:/v{minor}/deb/"
    return Repository("crio", uri, "/", "", f"{uri}Release.key", ANY_FINGERPRINT, bool(mirrors.apt_crio))


def render_drop_in(settings: RuntimeSettings) -> str:
    """The drop-in that is read after the package's own: names later in the alphabet win."""
    lines = [
        "[crio.runtime]",
        'cgroup_manager = "systemd"',
        "",
        "[crio.image]",
        f"pause_image = {toml_string(settings.sandbox_image)}",
    ]
    if settings.has_credentials:
        lines.append(f"global_auth_file = {toml_string(registries.CREDENTIALS)}")
    return "\n".join(lines) + "\n"


def render_registries(mirrored: list[RegistryConfig]) -> str:
    """registries.conf.d: a mirrored registry's images lie at the mirror and nowhere else."""
    tables = (
        f"prefix = {toml_string(registry.host)}\nlocation = {toml_string(registries.location(registry))}\n"
        for registry in mirrored
    )
    return "".join(f"[[registry]]\n{table}" for table in tables)


def files(settings: RuntimeSettings) -> list[GuestFile]:
    """Every file of CRI-O's configuration that is not the package's."""
    mirrored = [registry for registry in settings.registries if registry.mirror]
    return [
        crictl_file(CRI_SOCKET),
        GuestFile("/etc/crio/crio.conf.d/20-kubelab.conf", render_drop_in(settings)),
        *(
            [GuestFile("/etc/containers/registries.conf.d/20-kubelab.conf", render_registries(mirrored))]
            if mirrored
            else []
        ),
        *registries.authority_files("/etc/containers/certs.d", settings.registries),
        *registries.credential_files(settings.registries),
    ]


def inputs(installation: Installation, _: RuntimeSettings) -> Mapping[str, str]:
    """What the script is given besides."""
    return {"CRIO_VERSION": f"{installation.versions['crio']}-*"}


RUNTIME = Runtime(
    name="crio",
    reported_as="cri-o",
    cri_socket=CRI_SOCKET,
    script="20-install-crio.sh",
    repository=repository,
    files=files,
    inputs=inputs,
    traces=Traces(
        package=("cri-o",),
        unit=("crio.service", "crio-wipe.service", "crio-shutdown.service"),
        path=(
            "/etc/crio",
            "/etc/containers",
            "/etc/default/crio",
            "/var/lib/crio",
            "/var/lib/containers",
            "/run/crio",
            "/run/nri",
            "/run/containers",
            "/usr/libexec/crio",
            "/usr/local/bin/conmon",
            "/usr/local/bin/crio",
            "/usr/local/bin/pinns",
        ),
        process=("conmon",),
    ),
)
