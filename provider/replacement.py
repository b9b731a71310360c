"""What making a machine anew loses: announced where the user said so, refused in the preview where not. Pure."""

from collections.abc import Sequence

from provider.resource import Change, PropertyChange, exists, is_of_another_platform
from provider.vsphere.errors import RefusedError
from provider.vsphere.lifecycle.declared import disks_of
from provider.wire import Properties, is_unknown

# What a user writes in a file, or what it is for a user, by property.
_WRITTEN = {
    "name": "the node's name",
    "diskGiB": "machine.diskGiB, which cannot shrink",
    "imageSha256": "image.sha256",
    "host": "host",
    "datastore": "platform.vsphere.datastore",
    "network": "platform.vsphere.network",
    "sshUser": "ssh.user",
    "address": "its address in platform.existing",
    "manualMacAddress": "the machine's MAC",
    "staticAddress": "its address, with the prefix of addresses.network,",
    "gateway": "addresses.gateway",
    "nameServers": "addresses.nameServers",
    "searchDomains": "addresses.searchDomains",
}
_MADE = {
    "sshPublicKey": "the user's key pair",
    "hostKeyPublic": "the machine's ssh host key",
    "hostKey": "the machine's ssh host key",
}
_MOVED = {
    True: (["it exists now (platform.existing), was made on platform.vsphere"], "the one made is deleted"),
    False: (["it is made on platform.vsphere now, was one that exists"], "what kubelab put on that is removed"),
}


def warning(
    olds: Properties,
    news: Properties,
    changes: Sequence[PropertyChange],
    *,
    becomes: str = "the machine is made anew",
) -> str | None:
    """The warning of what is lost with the machine, None if nothing is, or if these changes leave it.

    `becomes` is what happens to the machine.

    Raises RefusedError if the machine `holds` something or has further disks, and `allowReplace` is not true.
    """
    holds, name = _held(olds, news), olds.get("name")
    replacing = [change for change in changes if change.change is Change.REPLACE]
    because = [_told(change, olds, news) for change in replacing if not _is_comment(change, olds, news)]
    if is_of_another_platform(olds, news):
        because, becomes = _MOVED[exists(news)]
    if not because or not holds:
        return None
    lost = f"machine {name}: {', '.join(because)}: {becomes}, and {holds} is lost"
    if news.get("allowReplace") is True:
        return lost
    raise RefusedError(
        f"{lost}; put back what it was, or, if that is meant, write allowReplace: true at node {name} in the stack file"
    )


def _held(olds: Properties, news: Properties) -> str:
    """What is lost with the machine, "" for nothing: what its node holds, and what is on its further disks."""
    disks = [disk.name for disk in disks_of(olds.get("extraDisks")) if not disk.remove]
    of_disks = f"what is on its disk{'s' if len(disks) > 1 else ''} {', '.join(disks)}" if disks else ""
    return " and ".join(held for held in (news.get("holds"), of_disks) if held)


def _told(change: PropertyChange, olds: Properties, news: Properties) -> str:
    """A change in a user's words; a key's value tells nobody anything."""
    key = change.key
    if key not in _WRITTEN:
        return f"{_MADE.get(key, change.path)} changes"
    value = "another value" if is_unknown(news.get(key)) else _shown(news.get(key))
    return f"{_WRITTEN[key]} is {value}, was {_shown(olds.get(key))}"


def _shown(value: object) -> str:
    return "none" if value is None else repr(value)


def _is_comment(change: PropertyChange, olds: Properties, news: Properties) -> bool:
    """True if of a public key nothing but the comment changes, which says who the user is."""
    before, after = (str(properties.get(change.key, "")).split()[:2] for properties in (olds, news))
    return change.key in _MADE and before == after
