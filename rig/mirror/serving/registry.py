"""OCI registries: their configuration and command line. Each serves storage that is complete when it starts."""

from pathlib import Path

import yaml


def configuration(
    storage: Path, address: str, port: int, certificate: Path, key: Path, users: Path | None = None
) -> str:
    """The configuration file's text: read-only, over TLS, on one address; `users`: an htpasswd file, None: anybody."""
    document: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(storage)},
            "maintenance": {"uploadpurging": {"enabled": False}, "readonly": {"enabled": True}},
        },
        "http": {
            "addr": f"{address}:{port}",
            "tls": {"certificate": str(certificate), "key": str(key), "minimumtls": "tls1.2"},
        },
    }
    if users is not None:
        document["auth"] = {"htpasswd": {"realm": "kubelab", "path": str(users)}}
    return yaml.safe_dump(document, sort_keys=False)


def command(program: Path, config: Path) -> list[str]:
    """The command that serves, in the foreground."""
    return [str(program), "serve", str(config)]
