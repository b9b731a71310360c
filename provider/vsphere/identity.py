"""Who owns what: deterministic instance UUIDs and the marks in a machine's extraConfig. Pure."""

import uuid
from collections.abc import Mapping

OWNER_KEY = "kubelab.owner"  # "<project>/<stack>/<machine>", in the first spec of every machine
PHASE_KEY = "kubelab.phase"  # creating until the machine had an address once, then ready
SEED_KEY = "kubelab.seed"  # digest of image and first-boot data, to know a machine made from other ones
CREATING, READY = "creating", "ready"
_NAMESPACE = uuid.UUID("6f1c0d1e-6c0e-5c1b-9a3e-2f4b8d7a9c55")


def marker(owner: str, name: str) -> str:
    """Returns the ownership mark of machine `name` of `owner` ("<project>/<stack>")."""
    return f"{owner}/{name}"


def instance_uuid(mark: str) -> str:
    """Returns the instance UUID that belongs to a mark: always the same one."""
    return str(uuid.uuid5(_NAMESPACE, mark))


def is_ours(instance: str, extra_config: Mapping[str, str]) -> bool:
    """True if a machine carries the mark from which this instance UUID (as callers know it) was made."""
    mark = extra_config.get(OWNER_KEY)
    return mark is not None and instance_uuid(mark) == instance.lower()


def directory(name: str, instance: str) -> str:
    """Returns the machine's folder on the datastore. The UUID in it makes a leftover folder recognisable as ours."""
    return f"{name}-{instance}"
