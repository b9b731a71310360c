"""Where things lie: hosts, URLs and paths, and what each must look like, said in the words of the error message."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from config.scalars import HOST


def _server(value: str) -> str:
    host, colon, port = value.partition(":")
    if HOST.fullmatch(host) and (not colon or (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        return value
    meant = urlsplit(value).netloc if "://" in value else ""
    hint = f", did you mean {meant}?" if meant and "@" not in meant else ""
    raise ValueError(f"wanted: host or host:port{hint}")


def _registry(value: str) -> str:
    host, colon, port = value.partition(":")
    if HOST.fullmatch(host) and (not colon or (port.isascii() and port.isdigit())):
        return value
    raise ValueError("wanted: the host name of a registry, such as registry.k8s.io")


def _https_url(value: str) -> str:
    try:
        url = urlsplit(value)
        plain = url.scheme == "https" and url.hostname and not (url.query or url.fragment or url.port == 0)
    except ValueError:
        raise ValueError("wanted: an https:// URL") from None
    if url.username is not None or url.password is not None:
        raise ValueError("a URL may not hold a user or a password")
    if not plain or re.search(r"\s", value):
        raise ValueError("wanted: an https:// URL, without query or fragment")
    return value.rstrip("/")


def _registry_mirror(value: str) -> str:
    url = _https_url(value)
    if f"{urlsplit(url).path}/".startswith("/v2/"):
        return url
    raise ValueError("wanted: an https:// URL whose path is /v2 or begins with /v2/, as registries serve their API")


def _mirrored_path(value: str) -> str:
    parts = value.split("/")
    if "://" not in value and all(parts) and not {".", ".."} & set(parts) and not re.search(r"\s", value):
        return value
    raise ValueError("wanted: the path of a file below mirrors/files, the upstream host first, such as github.com/...")


def _certificate_name(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        pass
    # What ends in a number is an IP address or a slip in one, never a name.
    is_name = HOST.fullmatch(value.removeprefix("*.")) and not value.rpartition(".")[2].isdigit()
    if is_name and len(value) <= 253 and value == value.lower():
        return value
    raise ValueError("wanted: a host name in lower case or an IP address, such as k8s.lab or 203.0.113.5")


def _ova(value: str) -> str:
    if "://" not in value:
        return _path(value)
    if value.startswith("file:///") and not re.search(r"\s", value):
        return value
    try:
        return _https_url(value)
    except ValueError as error:
        raise ValueError(f"{error}, a file:/// URL, or a path") from None


def _path(value: str) -> str:
    if value.startswith("~"):
        raise ValueError("wanted: the whole path of a file; ~ is not expanded")
    if value.strip() and "\n" not in value and "\0" not in value:
        return value
    raise ValueError("wanted: the path of a file")


Server = Annotated[str, AfterValidator(_server)]
RegistryHost = Annotated[str, AfterValidator(_registry)]
RegistryMirror = Annotated[str, AfterValidator(_registry_mirror)]
MirroredPath = Annotated[str, AfterValidator(_mirrored_path)]
CertificateName = Annotated[str, AfterValidator(_certificate_name)]
HttpsUrl = Annotated[str, AfterValidator(_https_url)]
OvaLocation = Annotated[str, AfterValidator(_ova)]
FilePath = Annotated[str, AfterValidator(_path)]
