"""What every TLS connection begins with: the same on every Python, whoever built it.

A context's defaults are those of its Python's release and of its builder. 3.13 and later refuse certificates that
earlier ones take (VERIFY_X509_STRICT), among them those that many hosts' own CAs have made, and let any certificate of
a CA file end the chain (VERIFY_X509_PARTIAL_CHAIN). Distributions leave the oldest version and the ciphers, and with
them how short a key may be, to their OpenSSL's configuration (`--with-ssl-default-suites=openssl`).
"""

import ssl
from typing import TypeVar

VERIFY_FLAGS = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST | ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
OLDEST = ssl.TLSVersion.TLSv1_2
# CPython's own list (Modules/_ssl.c, PY_SSL_DEFAULT_CIPHER_STRING), with the level that wants RSA keys of 2048 bits.
CIPHERS = "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"
_DISAGREEMENTS = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION", "HANDSHAKE_FAILURE")

Context = TypeVar("Context", bound=ssl.SSLContext)


def alike(context: Context) -> Context:
    """The context, with nothing left to the running Python's defaults but the system's CAs."""
    context.minimum_version = OLDEST
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    context.set_ciphers(CIPHERS)
    context.verify_flags = VERIFY_FLAGS
    return context


def unverified(context: Context) -> Context:
    """The context, taking any certificate: for a comparison of one's own, or for none."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return alike(context)


def by_the_systems_cas() -> ssl.SSLContext:
    """A context that verifies chain and host name by the system's CAs alone."""
    return alike(ssl.create_default_context())


def disagreement(error: Exception) -> str | None:
    """What is said of a server that speaks TLS, but none that is spoken here; None for any other error.

    Asked again, such a server would say the same.
    """
    if not isinstance(error, ssl.SSLError) or not str(error.reason).endswith(_DISAGREEMENTS):
        return None
    return (
        f"speaks no TLS that is spoken here ({error.reason}), wanted TLS 1.2 or later with ECDHE or DHE; turn that on "
        "there, or update it"
    )
