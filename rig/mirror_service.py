"""The offline mirror as services of the rig: the file server (with the apt repositories) and the OCI registry."""

import hashlib
import os
import sys
from pathlib import Path

from rig import network
from rig.layout import Layout
from rig.mirror import parts, publish, registry, server
from rig.process import ProcessTable, Service, fingerprint
from rig.secrets import secret_file
from rig.simulator import unreachable
from rig.site import Mirror
from rig.workshop import Built

FILES_SERVICE = "mirror-files"
REGISTRY_SERVICE = "mirror-registry"
SERVICES = (FILES_SERVICE, REGISTRY_SERVICE)
FILES_PORT = 8443
REGISTRY_PORT = 5443
START_LIMIT_SECONDS = 60.0
MIRROR = Mirror(f"https://{network.GATEWAY}:{FILES_PORT}", f"https://{network.GATEWAY}:{REGISTRY_PORT}")


def ensure(layout: Layout, table: ProcessTable, built: Built) -> Mirror:
    """Publishes the built parts and runs both servers on the bridge's address."""
    root = layout.state / "mirror" / "public"
    key = layout.state / "mirror" / "apt.key"
    root.parent.mkdir(parents=True, exist_ok=True)
    publish.publish(built.outputs["apt"], built.outputs["files"], key, root, parts.architecture())
    _ensure(table, _file_server(layout, root), layout, FILES_PORT)
    _ensure(table, _registry(layout, built), layout, REGISTRY_PORT)
    return MIRROR


def stop(table: ProcessTable) -> None:
    """Stops both servers."""
    for name in SERVICES:
        table.stop(name, grace=5)


def _ensure(table: ProcessTable, service: Service, layout: Layout, port: int) -> None:
    authority = layout.state / "ca" / "ca.pem"
    table.ensure(service, lambda: unreachable(network.GATEWAY, port, authority), START_LIMIT_SECONDS)


def _file_server(layout: Layout, root: Path) -> Service:
    certificate, key = _identity(layout)
    argv = server.command(Path(sys.executable), root, network.GATEWAY, FILES_PORT, certificate, key)
    environ = {**os.environ, "PYTHONPATH": str(layout.project)}
    source = layout.rig_source / "mirror" / "server.py"
    return Service(FILES_SERVICE, argv, environ, fingerprint(*argv, _digest(certificate), _digest(source)))


def _registry(layout: Layout, built: Built) -> Service:
    certificate, key = _identity(layout)
    config = layout.state / "mirror" / "registry.yaml"
    text = registry.configuration(built.outputs["images"], network.GATEWAY, REGISTRY_PORT, certificate, key)
    secret_file(config, text)
    argv = registry.command(built.outputs["registry"] / "registry", config)
    environ = {**os.environ, **registry.ENVIRONMENT}
    return Service(REGISTRY_SERVICE, argv, environ, fingerprint(*argv, text, _digest(certificate)))


def _identity(layout: Layout) -> tuple[Path, Path]:
    directory = layout.state / "ca"
    return directory / "mirror.pem", directory / "mirror.key"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
