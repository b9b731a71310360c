"""Certificates in a PEM text, as OpenSSL reads them.

Not by a library for certificates: loading that takes longer than all else that is read of a site.
"""

import re
import ssl

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_EXPLICIT_VERSION = b"\xa0\x03\x02\x01"
_NEWEST = 2  # of v3, the versions being counted from 0 (RFC 5280, 4.1.2.1)


def certificates_in(text: str) -> list[bytes]:
    """Each in DER. Raises ValueError for none, and for one that OpenSSL cannot read or whose version there is not."""
    found = [ssl.PEM_cert_to_DER_cert(block) for block in _BLOCK.findall(text)]
    if not found:
        raise ValueError("no certificate")
    for each in found:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=each)
        except ssl.SSLError as error:
            raise ValueError(f"a certificate that cannot be read: {error}") from error
        _check_version(each)
    return found


def _check_version(certificate: bytes) -> None:
    """OpenSSL takes any; those that will read it on machines do not."""
    signed = _content(certificate, _content(certificate, 0))
    said = certificate[signed : signed + len(_EXPLICIT_VERSION) + 1]
    if said.startswith(_EXPLICIT_VERSION) and said[-1] > _NEWEST:
        raise ValueError(f"a certificate of version {said[-1] + 1}")


def _content(der: bytes, at: int) -> int:
    """Where the content of the element at `at` begins, behind its tag and its length."""
    length = der[at + 1]
    return at + 2 + (length & 0x7F if length & 0x80 else 0)
