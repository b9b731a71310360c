"""What was found on a host, in a line each. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from provider.vsphere.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition with its remedy; one that `blocks` keeps a run from its end."""

    text: str
    blocks: bool = True


def refusal(where: str, findings: Iterable[Finding]) -> RefusedError | None:
    """The error that tells all findings that block, None if none does."""
    told = [finding.text for finding in findings if finding.blocks]
    if not told:
        return None
    counted = f"({len(told)} findings) " if len(told) > 1 else ""
    return RefusedError(f"before anything is changed on {where}: {counted}{'; and '.join(told)}")
