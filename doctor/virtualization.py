"""What is said of a node on which virtual machines should run, from what it found when it ran one. Pure."""

from dataclasses import dataclass

from config import NodeConfig, SiteConfig
from doctor.machine import Answer

CHECK = "NestedVirtualization"
"""The name of the preflight's check of the same."""

NOT_ASKED, RUNS, NONE, UNKNOWN = "off", "a guest runs", "no guest runs", "-"


@dataclass(frozen=True, slots=True)
class Finding:
    """A cell of the table, and the line that says what is wrong, empty if nothing is; whether that is a fault."""

    cell: str
    line: str = ""
    is_fault: bool = False


def finding(node: NodeConfig, site: SiteConfig, answer: Answer | None) -> Finding:
    """Of a node and the answer of its machine; None if it was not asked.

    The answer's result is nothing if a guest ran, else two lines: what was found, and what to do.
    """
    if answer is None:
        return Finding(NOT_ASKED if node.machine.nested_virtualization == "off" else UNKNOWN)
    if answer.status != 0:
        said = answer.stderr.strip() or f"exit status {answer.status}"
        return Finding(UNKNOWN, f"error: running a guest on {node.name}: {said}", is_fault=True)
    if not answer.stdout:
        return Finding(RUNS)
    found, _, remedy = answer.stdout.strip().partition("\n")
    ignored = CHECK.lower() in (name.lower() for name in site.ignore_preflight_errors)
    is_fault = node.machine.nested_virtualization == "require" and not ignored
    kind = "error" if is_fault else "warning"
    text = f"{kind}: running a guest on {node.name}: found {found}, wanted one that runs by KVM; {remedy}"
    return Finding(NONE, text, is_fault)
