"""Public keys of people who log in to machines, as `authorized_keys` has them, without options."""

from typing import Annotated

from pydantic import AfterValidator

_EXAMPLE = "the line of a .pub file, such as ssh-ed25519 AAAA... name"
_LEAST_RSA_BITS = 2048  # what sshd takes by itself
_LONGEST = 4096


def _public_key(value: str) -> str:
    if "PRIVATE KEY" in value:
        raise ValueError(f"found a private key, wanted: {_EXAMPLE}")
    if len(value) > _LONGEST or not value.isprintable() or value != value.strip():
        raise ValueError(f"wanted: {_EXAMPLE}, on one line")
    if value.startswith("ssh-dss "):
        raise ValueError("whose kind, DSA, sshd takes no more; wanted: an Ed25519, ECDSA or RSA key")
    # Loaded here: most sites name no keys, and the library takes its time.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    try:
        key = load_ssh_public_key(value.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(f"wanted: {_EXAMPLE}, without options before it") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
        raise ValueError(f"of {key.key_size} bits, allowed: RSA keys of {_LEAST_RSA_BITS} or more")
    return value


SshPublicKey = Annotated[str, AfterValidator(_public_key)]
