"""Kubernetes quantities as numbers. Pure."""

from decimal import Decimal, InvalidOperation

_BINARY = {f"{letter}i": 1024**power for power, letter in enumerate("KMGTPE", start=1)}
_DECIMAL = {"k": 1000} | {letter: 1000**power for power, letter in enumerate("MGTPE", start=2)}


def in_bytes(quantity: str) -> int:
    """A size such as `10Mi`, `50M` or `1048576`, in bytes. Raises: ValueError for what is not more than 0.

    The form is that of https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
    """
    for suffix, factor in {**_BINARY, **_DECIMAL, "": 1}.items():
        if quantity.endswith(suffix):
            try:
                found = int(Decimal(quantity.removesuffix(suffix)) * factor)
            except (InvalidOperation, ValueError, OverflowError):
                break
            if found > 0:
                return found
    raise ValueError(f"{quantity!r} is not a size such as 10Mi")
