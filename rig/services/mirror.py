"""The offline mirror as services of the rig: the file server (with the apt repositories) and the OCI registries."""

import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rig.host import network
from rig.mirror import parts
from rig.mirror.apt import signing
from rig.mirror.apt.repositories import repositories
from rig.mirror.debian import Release
from rig.mirror.handlers import HANDLERS
from rig.mirror.machine import architecture
from rig.mirror.runtimes import RUNTIMES
from rig.mirror.serving import publish, registry, server, users
from rig.services.process import ProcessTable, Service, fingerprint
from rig.services.simulator import unreachable
from rig.site import KEYS_BY_FINGERPRINT, Mirror
from toolchain.build.workshop import Built
from toolchain.layout import Layout
from toolchain.system.secrets import secret_file

FILES_SERVICE = "mirror-files"
REGISTRY_SERVICE = "mirror-registry"
PRIVATE_REGISTRY_SERVICE = "private-registry"
SERVICES = (FILES_SERVICE, REGISTRY_SERVICE, PRIVATE_REGISTRY_SERVICE)
FILES_PORT = 8443
REGISTRY_PORT = 5443
PRIVATE_REGISTRY_PORT = 5543
START_LIMIT_SECONDS = 60.0
MIRROR = Mirror(f"https://{network.GATEWAY}:{FILES_PORT}", f"https://{network.GATEWAY}:{REGISTRY_PORT}")


def ensure(layout: Layout, table: ProcessTable, built: Built, guests: Sequence[Release]) -> Mirror:
    """Publishes the built parts, packages for nodes with these releases, and runs the servers on the bridge's address.

    The private registry is no part of the mirror: it is there for whoever tries registries that want a password.
    """
    root = layout.state / "mirror" / "public"
    key = layout.state / "mirror" / "apt.key"
    root.parent.mkdir(parents=True, exist_ok=True)
    single_files = [built.outputs[name] for name in (parts.FILES, *_own_files(built))]
    served = repositories(guests, architecture())
    publish.publish(built.outputs["apt"], served, single_files, key, root)
    _ensure(table, _file_server(layout, root), layout, FILES_PORT)
    _ensure(table, _registry(layout, built), layout, REGISTRY_PORT)
    _ensure(table, _private_registry(layout, built), layout, PRIVATE_REGISTRY_PORT)
    known = dict.fromkeys(KEYS_BY_FINGERPRINT, signing.fingerprint(key))
    return replace(MIRROR, checksums=own_checksums(built), package_keys=known)


def stop(table: ProcessTable) -> None:
    """Stops the servers."""
    for name in SERVICES:
        table.stop(name, grace=5)


def _ensure(table: ProcessTable, service: Service, layout: Layout, port: int) -> None:
    authority = layout.state / "ca" / "ca.pem"
    table.ensure(service, lambda: unreachable(network.GATEWAY, port, authority), START_LIMIT_SECONDS)


def _file_server(layout: Layout, root: Path) -> Service:
    certificate, key = _identity(layout)
    argv = server.command(Path(sys.executable), root, network.GATEWAY, FILES_PORT, certificate, key)
    environ = {**os.environ, "PYTHONPATH": str(layout.project)}
    return Service(
        FILES_SERVICE, argv, environ, fingerprint(*argv, _digest(certificate), _digest(Path(server.__file__)))
    )


def _registry(layout: Layout, built: Built) -> Service:
    return _registry_service(layout, built, REGISTRY_SERVICE, built.outputs["images"], REGISTRY_PORT)


def _private_registry(layout: Layout, built: Built) -> Service:
    directory = layout.state / "mirror"
    htpasswd = directory / "private-registry.htpasswd"
    users.ensure(directory / "private-registry-password", htpasswd)
    storage = built.outputs[parts.PRIVATE_IMAGES]
    return _registry_service(layout, built, PRIVATE_REGISTRY_SERVICE, storage, PRIVATE_REGISTRY_PORT, htpasswd)


def _registry_service(
    layout: Layout, built: Built, name: str, storage: Path, port: int, htpasswd: Path | None = None
) -> Service:
    certificate, key = _identity(layout)
    config = layout.state / "mirror" / f"{name}.yaml"
    text = registry.configuration(storage, network.GATEWAY, port, certificate, key, htpasswd)
    secret_file(config, text)
    argv = registry.command(built.outputs["registry"] / "registry", config)
    secrets = [_digest(file) for file in (certificate, htpasswd) if file is not None]
    return Service(name, argv, dict(os.environ), fingerprint(*argv, text, *secrets))


def _own_files(built: Built) -> list[str]:
    """The built parts with single files that belong to a container runtime or a handler: not upstream's own bytes."""
    of_runtimes = {name for runtime in RUNTIMES.values() for name in runtime.files}
    names = sorted(of_runtimes.union(*(archives.files for archives in HANDLERS.values())))
    return [name for name in names if name in built.outputs]


def own_checksums(built: Built) -> dict[str, str]:
    """SHA-256 (hex) of the built files that are not upstream's own, by their paths below the file server's root."""
    roots = [built.outputs[name] for name in _own_files(built)]
    files = [(root, file) for root in roots for file in sorted(root.rglob("*")) if file.is_file()]
    return {file.relative_to(root).as_posix(): _digest(file) for root, file in files}


def _identity(layout: Layout) -> tuple[Path, Path]:
    directory = layout.state / "ca"
    return directory / "mirror.pem", directory / "mirror.key"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
