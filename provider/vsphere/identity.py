"""Who owns what: deterministic names and instance UUIDs, and the marks in a machine's extraConfig. Pure."""

import hashlib
import uuid
from collections.abc import Mapping

OWNER_KEY = "kubelab.owner"  # "<project>/<stack>@<state>/<machine>", in the first spec of every machine
PHASE_KEY = "kubelab.phase"  # creating until the machine proved once that it took our first-boot data, then ready
SEED_KEY = "kubelab.seed"  # digest of image and first-boot data, to know a machine made from other ones
IMAGE_KEY = "kubelab.image"  # the SHA-256 of the OVA that a base machine holds
CONTENT_KEY = "kubelab.content"  # the files of a base machine when it was ready, to know one that was started since
DISK_KEY = "kubelab.disk"  # the file of a cloned machine's root disk, which the vCenter named
CLONED_KEY = "kubelab.cloned"  # where the disks hang that a clone came with: "<controller key>:<unit>", by spaces
FIRMWARE_KEY = "kubelab.firmware"  # by which a machine was made to start: bios, efi, efi+secureboot
NVRAM_KEY = "kubelab.nvram"  # the file of a base machine with the NVRAM that its image brought
CARDS_KEY = "kubelab.cards"  # the MACs of the cards that a machine was given besides its first one
DISKS_KEY = "kubelab.disks"  # the names of the disks that a machine was given besides its first one
IMPORTER_KEY = "kubelab.importer"  # the session that imports it
USER_PREFIX = "kubelab.user."  # a key for each of an image's users
PREFIX = "kubelab."  # of all these keys
SNAPSHOT = "kubelab"  # the name of a base machine's snapshot, of which linked clones are made
CREATING, READY, DELETING = "creating", "ready", "deleting"
_DASHES_OF_SIZED = 3  # kubelab-base-<digits of the SHA-256>-<GiB>g
_NAMESPACE = uuid.UUID("6f1c0d1e-6c0e-5c1b-9a3e-2f4b8d7a9c55")


def owner_of_state(owner: str, state_key: str) -> str:
    """The owner of what one state has: "<project>/<stack>@<state>", by a public key that was made for this state alone.

    Two checkouts of one project and stack are told apart by it. See ADR 0028.
    """
    key = " ".join(state_key.split()[:2])
    return f"{owner}@{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def is_of(owner: str, mark: str) -> bool:
    """True if a mark is of this project and stack ("<project>/<stack>"), of whatever state."""
    return mark.startswith((f"{owner}/", f"{owner}@"))


def marker(owner: str, name: str) -> str:
    """The ownership mark of machine `name` of `owner` ("<project>/<stack>@<state>")."""
    return f"{owner}/{name}"


def instance_uuid(mark: str) -> str:
    """The instance UUID that belongs to a mark: always the same one."""
    return str(uuid.uuid5(_NAMESPACE, mark))


def is_ours(instance: str, extra_config: Mapping[str, str]) -> bool:
    """True if a machine carries the mark from which this instance UUID (as callers know it) was made."""
    mark = extra_config.get(OWNER_KEY)
    return mark is not None and instance_uuid(mark) == instance.lower()


def base_name(sha256: str, disk_gib: int = 0) -> str:
    """The name of an image's base machine; `disk_gib` is the size of its disk where it is not the image's own."""
    return f"kubelab-base-{sha256[:12].lower()}{f'-{disk_gib}g' if disk_gib else ''}"


def disk_gib_of(name: str) -> int:
    """The size that is in a base machine's name, 0 if there is none."""
    size = name.rpartition("-")[2]
    return int(size[:-1]) if name.count("-") == _DASHES_OF_SIZED and size.endswith("g") else 0


def base_uuid(sha256: str, scope: str, disk_gib: int = 0) -> str:
    """The instance UUID of an image's base machine; `scope` is what the place calls its datastore."""
    sized = f"/{disk_gib}" if disk_gib else ""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"kubelab:image/{scope}/{sha256.lower()}{sized}"))


def user_key(user: str) -> str:
    """The extraConfig key of an image's user ("<project>/<stack>/<resource>"), which may hold no slash."""
    return USER_PREFIX + hashlib.sha256(user.encode()).hexdigest()[:16]
