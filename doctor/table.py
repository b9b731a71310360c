"""Rows as a table for people. Pure."""

from collections.abc import Sequence

COMPARED = ("NODE", "DECLARED", "CONFIGURED", "ANSWERING", "REPORTED", "CGROUPS RUNTIME/KUBELET/POD", "POD NETWORK")
HEADINGS = (*COMPARED, "NESTED VIRTUALIZATION")
OF_HANDLERS = ("NODE", "HANDLER", "KERNEL OF THE NODE", "KERNEL INSIDE", "RUN BY")


def render(rows: Sequence[Sequence[str]], headings: Sequence[str] = HEADINGS) -> str:
    """The rows below their headings, in columns, as text that ends in a newline."""
    cells = [tuple(headings), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(headings))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells)
    return "".join(f"{line}\n" for line in lines)


def parse(text: str) -> list[list[str]]:
    """The rows of a result with a line for each and its cells, those of `COMPARED` or `OF_HANDLERS`, between tabs."""
    return [line.split("\t") for line in text.splitlines()]
