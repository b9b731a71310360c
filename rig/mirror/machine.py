"""The machine type that the mirror is made for."""

import platform

from toolchain.errors import SetupError

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def architecture(machine: str | None = None) -> str:
    """Debian's and Go's common name of a machine type (default: this machine's); SetupError for an unsupported one."""
    found = machine or platform.machine()
    if found not in _ARCHITECTURES:
        raise SetupError(
            f"the mirror: machines of type {found} are not supported; use one of {', '.join(_ARCHITECTURES)}"
        )
    return _ARCHITECTURES[found]
