"""Downloads over verified TLS, bounded in bytes and in time; what broke off is taken up once where it ended.

Proxies and authorities are those of the environment (`https_proxy`, `no_proxy`, `SSL_CERT_FILE`).
"""

import http.client
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from email.message import Message
from http import HTTPStatus
from pathlib import Path
from typing import IO

from toolchain.errors import SetupError

IDLE_SECONDS = 60.0
BLOCK = 1 << 20
TRIES = 2


class _HttpsAlone(urllib.request.HTTPRedirectHandler):
    """A redirection that leaves TLS is refused."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError(f"redirected to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def download(url: str, to: Path, max_bytes: int, seconds: float, note: Callable[[str], None]) -> None:
    """Fetches `url` to the file `to`, which is there as a whole or not at all.

    SetupError for anything but https, for an answer that is no success, is larger than `max_bytes`, takes longer than
    `seconds`, or ended before its announced length, twice.
    """
    doing = f"fetching {url}"
    if urllib.parse.urlsplit(url).scheme != "https":
        raise SetupError(f"{doing}: only https is taken")
    unfinished = to.with_name(f".{to.name}.part")
    deadline = time.monotonic() + seconds
    try:
        for attempt in range(1, TRIES + 1):
            try:
                _fetch(url, unfinished, max_bytes, deadline)
                break
            except (OSError, http.client.HTTPException, _BrokenOffError) as error:
                if attempt == TRIES or not _is_passing(error):
                    raise SetupError(f"{doing}: {_reason(error)}") from error
                note(f"{_reason(error)}; once more")
        unfinished.replace(to)
    finally:
        unfinished.unlink(missing_ok=True)


class _BrokenOffError(Exception):
    """The answer ended early, or would not end; `is_final`: another attempt would not help."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


def _fetch(url: str, file: Path, max_bytes: int, deadline: float) -> None:
    have = file.stat().st_size if file.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "kubelab", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with _opener().open(request, timeout=IDLE_SECONDS) as answer:
        continued = have > 0 and answer.status == HTTPStatus.PARTIAL_CONTENT
        have = have if continued else 0
        announced = answer.headers.get("Content-Length", "")
        wanted = have + int(announced) if announced.isdecimal() and len(announced) < 16 else None
        if wanted is not None and wanted > max_bytes:
            raise _BrokenOffError(f"{wanted} bytes, at most {max_bytes} are taken", is_final=True)
        with file.open("ab" if continued else "wb") as sink:
            while block := answer.read(BLOCK):
                have += len(block)
                if have > max_bytes:
                    raise _BrokenOffError(f"more than the {max_bytes} bytes that are taken", is_final=True)
                if time.monotonic() > deadline:
                    raise _BrokenOffError(f"not done in time, after {have} bytes", is_final=True)
                sink.write(block)
        if wanted is not None and have < wanted:
            raise _BrokenOffError(f"ended after {have} of {wanted} bytes")


def _opener() -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    # From Python 3.13 on it is set, and refuses CAs that earlier ones take, as many companies' own are.
    context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    return urllib.request.build_opener(_HttpsAlone(), urllib.request.HTTPSHandler(context=context))


def _is_passing(error: Exception) -> bool:
    """Whether the same might succeed a moment later."""
    if isinstance(error, _BrokenOffError):
        return not error.is_final
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= HTTPStatus.INTERNAL_SERVER_ERROR
    return not isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError | str)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} {error.reason}"
    return " ".join(str(getattr(error, "reason", error)).split()) or type(error).__name__
