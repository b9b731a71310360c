"""Run on a node: picks the key of a fingerprint, the argument, out of stdin; armoured on stdout, others' on stderr.

Status 1: it is not there; 2: the first block is no sequence of whole packets (RFC 9580, 4.2 and 6).
"""

import base64
import hashlib
import sys
from collections.abc import Iterator

PUBLIC_KEY, OF_A_KEY = 6, (2, 6, 13, 14, 17)


def dearmored(text: str) -> bytes:
    """The first block, as apt reads it: without its headers and its checksum."""
    block = text.replace("\r", "").partition("-----BEGIN PGP PUBLIC KEY BLOCK-----")[2].partition("-----END")[0]
    lines = block.partition("\n\n")[2].splitlines()
    return base64.b64decode("".join(line for line in lines if line[:1] != "="), validate=True)


def packets(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Kind, whole packet and body of each. Raises ValueError."""
    at = 0
    while at < len(data):
        tag, first = data[at], data[at + 1 : at + 2] or b"\0"
        if tag & 64:
            kind, size = tag & 63, {255: 5}.get(first[0], 1 if first[0] < 192 else 2)
        else:
            kind, size = tag >> 2 & 15, 1 << (tag & 3)
        octets = data[at + 1 : at + 1 + size]
        length = int.from_bytes(octets[1:] if size == 5 else octets, "big")
        if tag & 64 and size == 2:
            length += 192 - (192 << 8)
        end = at + 1 + size + length
        if not tag & 128 or size == 8 or (tag & 64 and 224 <= first[0] < 255) or not length or end > len(data):
            raise ValueError
        yield kind, data[at:end], data[at + 1 + size : end]
        at = end


def fingerprint(body: bytes) -> str:
    """Of a key of version 4, which apt's verifier knows (RFC 9580, 5.5.4.2)."""
    if body[0] != 4:
        return f"a key of version {body[0]}"
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()


def picked(data: bytes, wanted: str) -> tuple[bytes, list[str]]:
    """The wanted key's packets, and the fingerprints of the others. Raises ValueError."""
    kept, others, found = b"", [], ""
    for kind, packet, body in packets(data):
        if kind == PUBLIC_KEY:
            found = fingerprint(body)
            others += [] if found == wanted else [found]
        if found == wanted and kind in OF_A_KEY:
            kept += packet
    return kept, others


def armored(data: bytes) -> str:
    """A block with a checksum: without one gpg does not read it."""
    crc = 0xB704CE
    for octet in data:
        crc ^= octet << 16
        for _ in range(8):
            crc = crc << 1 ^ (crc >> 23 & 1) * 0x1864CFB
    text = base64.b64encode(data).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    lines.append("=" + base64.b64encode(crc.to_bytes(3, "big")).decode())
    return "\n".join(["-----BEGIN PGP PUBLIC KEY BLOCK-----", "", *lines, "-----END PGP PUBLIC KEY BLOCK-----", ""])


def main() -> int:
    """Its status."""
    try:
        kept, others = picked(dearmored(sys.stdin.buffer.read().decode("ascii", "replace")), sys.argv[1])
    except (ValueError, OverflowError):
        return 2
    print(", ".join(others), end="", file=sys.stderr)
    if not kept:
        return 1 if others else 2
    print(armored(kept), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
