"""Documents of the OCI image format: configuration and manifest. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rig.mirror.images.layers import Blob

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
EPOCH = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Run:
    """How a container of an image starts, unless told otherwise. `user`: `uid[:gid]`, empty for root."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""


def config(run: Run, layers: Sequence[Blob], architecture: str) -> bytes:
    """The image configuration; `layers` uncompressed, so that their digests are the diff ids."""
    settings: dict[str, object] = {"Env": [f"PATH={PATH}"], "WorkingDir": "/"}
    if run.entrypoint:
        settings["Entrypoint"] = list(run.entrypoint)
    if run.command:
        settings["Cmd"] = list(run.command)
    if run.user:
        settings["User"] = run.user
    document = {
        "created": EPOCH,
        "architecture": architecture,
        "os": "linux",
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.digest}" for layer in layers]},
        "history": [{"created": EPOCH, "created_by": "kubelab rig"} for _ in layers],
    }
    return _encode(document)


def manifest(configuration: Blob, layers: Sequence[Blob]) -> bytes:
    """The image manifest."""
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor(CONFIG_TYPE, configuration),
        "layers": [_descriptor(LAYER_TYPE, layer) for layer in layers],
    }
    return _encode(document)


def _descriptor(media_type: str, blob: Blob) -> dict[str, object]:
    return {"mediaType": media_type, "digest": f"sha256:{blob.digest}", "size": blob.size}


def _encode(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
