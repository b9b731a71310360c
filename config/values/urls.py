"""URLs and paths, each of the plainest form: other programs read them, and files are named by their parts.

All of these raise ValueError.
"""

import re
from urllib.parse import urlsplit

from config.values.hosts import is_host, is_port

_URL_PATH = re.compile(r"([A-Za-z0-9._~+:@=,!*()/-]|%(?!2[eEfF]|5[cC]|[01]|7[fF])[0-9a-fA-F]{2})*")


def https_url(value: str) -> str:
    """An https URL of the plainest form: curl, apt and the runtimes read it, and files are named by its parts."""
    scheme, _, rest = value.partition("://")
    server, slash, below = rest.partition("/")
    if scheme.lower() == "https" and "@" in server:
        raise ValueError("a URL may not hold a user or a password; remove them")
    host, colon, port = server.partition(":")
    if scheme.lower() != "https" or re.search(r"[?#\s]", rest):
        raise ValueError("wanted: an https:// URL, without query or fragment")
    if not is_host(host):
        raise ValueError("wanted: an https:// URL")
    if colon and not is_port(port):
        raise ValueError("wanted: an https:// URL, its port from 1 to 65535")
    if slash and not _is_path_of_url(below):
        raise ValueError("wanted: an https:// URL, its path of letters, digits and -._~%+:@=,!*() and without ..")
    return value.rstrip("/")


def _is_path_of_url(value: str) -> bool:
    """Whether no program could take it for another place: escapes that stand for dots or slashes are none either."""
    dots = any(part in (".", "..") for part in value.split("/"))
    return _URL_PATH.fullmatch(value) is not None and not dots


def registry_mirror(value: str) -> str:
    """The URL of a registry's API, with /v2 in its path."""
    url = https_url(value)
    if f"{urlsplit(url).path}/".startswith("/v2/") and "//" not in urlsplit(url).path:
        return url
    raise ValueError("wanted: an https:// URL whose path is /v2 or begins with /v2/, as registries serve their API")


def mirrored_path(value: str) -> str:
    """The path of a file as a mirror has it: the upstream host, and the path there."""
    if "://" not in value and all(value.split("/")) and _is_path_of_url(value):
        return value
    raise ValueError("wanted: the path of a file below mirrors/files, the upstream host first, such as github.com/...")


def ova(value: str) -> str:
    """Where an image lies: a path, an https or a file URL."""
    if "://" not in value:
        return path(value)
    if value.startswith("file:///") and value.isprintable() and not re.search(r"\s", value):
        return value
    try:
        return https_url(value)
    except ValueError as error:
        raise ValueError(f"{error}, a file:/// URL, or a path") from None


def path(value: str) -> str:
    """The path of a file on the user's machine."""
    if value.startswith("~"):
        raise ValueError("wanted: the whole path of a file; ~ is not expanded")
    if value.strip() and value.isprintable():
        return value
    raise ValueError("wanted: the path of a file")
