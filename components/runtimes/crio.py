"""CRI-O: drop-ins beside the package's own files, from what every runtime is given. Pure."""

from collections.abc import Mapping

import tomli_w

from components import registries
from components.apt import ANY_FINGERPRINT, Repository, fingerprint_of
from components.guest_file import GuestFile
from components.records.runtime import Installation, PackageSource, Runtime, RuntimeSettings, crictl_file
from components.records.traces import Traces
from config.platform import RegistryConfig

CRI_SOCKET = "unix:///var/run/crio/crio.sock"
SHIMS_STAY = GuestFile("/etc/systemd/system/crio.service.d/20-kubelab.conf", "[Service]\nKillMode=process\n")
"""Shims run in CRI-O's own control group. One that is started anew looks for those of its pods, and where they are gone
it does not start again (1.36.3, tried)."""
_UPSTREAM = "https://download.opensuse.org/repositories"


def repository(source: PackageSource) -> Repository:
    """CRI-O's packages of one Kubernetes minor.

    Upstream publishes no fingerprint: unless the site says one, its key is taken by verified TLS.
    """
    mirror = source.mirrors.apt_crio
    uri = f"{mirror or _UPSTREAM}/isv:/cri-o:/stable:/v{source.minor}/deb/"
    fingerprint = fingerprint_of("crio", ANY_FINGERPRINT, source.mirrors)
    return Repository("crio", uri, "/", "", f"{uri}Release.key", fingerprint, bool(mirror))


def render_drop_in(settings: RuntimeSettings) -> str:
    """The drop-in that is read after the package's own: names later in the alphabet win."""
    image = {"pause_image": settings.sandbox_image}
    if settings.has_credentials:
        image["global_auth_file"] = registries.CREDENTIALS
    runtime = {
        "cgroup_manager": "systemd",
        **({"runtimes": {name: entry.table for name, entry in settings.handlers.items()}} if settings.handlers else {}),
    }
    return tomli_w.dumps({"crio": {"runtime": runtime, "image": image}})


def render_registries(mirrored: list[RegistryConfig]) -> str:
    """registries.conf.d: a mirrored registry's images lie at the mirror and nowhere else."""
    tables = [{"prefix": registry.host, "location": registries.location(registry)} for registry in mirrored]
    return tomli_w.dumps({"registry": tables})


def files(settings: RuntimeSettings) -> list[GuestFile]:
    """Every file of CRI-O's configuration that is not the package's."""
    mirrored = [registry for registry in settings.registries if registry.mirror]
    return [
        crictl_file(CRI_SOCKET),
        GuestFile("/etc/crio/crio.conf.d/20-kubelab.conf", render_drop_in(settings)),
        *(file for entry in settings.handlers.values() for file in entry.files),
        *([SHIMS_STAY] if any(entry.table.get("runtime_type") == "vm" for entry in settings.handlers.values()) else []),
        *(
            [GuestFile("/etc/containers/registries.conf.d/20-kubelab.conf", render_registries(mirrored))]
            if mirrored
            else []
        ),
        *registries.authority_files("/etc/containers/certs.d", settings.registries),
        *registries.credential_files(settings.registries),
    ]


def inputs(installation: Installation) -> Mapping[str, str]:
    """What the script is given besides."""
    return {"CRIO_VERSION": f"{installation.versions['crio']}-*"}


RUNTIME = Runtime(
    name="crio",
    versions=("1.36.3", "1.37.0", "1.35.2"),
    # It is released with each Kubernetes minor, and for that one.
    series=lambda release: (release.minor,),
    reported_as="cri-o",
    cri_socket=CRI_SOCKET,
    script="20-install-crio.sh",
    repository=repository,
    files=files,
    inputs=inputs,
    no_handlers="",
    traces=Traces(
        package=("cri-o",),
        unit=("crio.service", "crio-wipe.service", "crio-shutdown.service"),
        path=(
            "/etc/crio",
            "/etc/containers",
            "/etc/default/crio",
            "/etc/systemd/system/crio.service.d",
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
