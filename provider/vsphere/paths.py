"""Datastore paths. Pure."""

import re

from provider.vsphere.errors import VsphereError

_ESCAPED = re.compile(r"%(25|2f|5c)", re.IGNORECASE)


def path(datastore: str, *parts: str) -> str:
    """A datastore path: "[datastore] folder/file"."""
    return f"[{datastore}] {'/'.join(parts)}"


def unescaped(name: str) -> str:
    """A name as people see it: the API gives `%`, `/` and `\\` in names of objects as `%25`, `%2f`, `%5c`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)


def split(datastore_path: str) -> tuple[str, str, str]:
    """Returns (datastore, folder, file) of "[datastore] folder/file". Raises VsphereError if it is none."""
    datastore, bracket, rest = datastore_path.removeprefix("[").partition("] ")
    folder, slash, file = rest.rpartition("/")
    if not (datastore_path.startswith("[") and bracket and slash and folder and file):
        raise VsphereError(f'datastore path: found {datastore_path!r}, wanted "[datastore] folder/file"')
    return datastore, folder, file


def directory(name: str, instance: str) -> str:
    """A machine's folder on its datastore. The UUID in it makes a leftover folder recognisable as ours."""
    return f"{name}-{instance}"
