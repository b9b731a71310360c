"""Figures, one a line, as they come."""

from collections.abc import Sequence
from statistics import median

WIDTH = 44


def heading(text: str) -> None:
    """What the next figures are of."""
    print(f"\n{text}", flush=True)


def figure(name: str, value: str) -> None:
    """One figure a line."""
    print(f"  {name:<{WIDTH}} {value}", flush=True)


def seconds(taken: Sequence[float]) -> str:
    """The median of what several runs took, with the extremes where there are several."""
    if len(taken) == 1:
        return f"{taken[0]:.1f} s"
    return f"{median(taken):.1f} s ({min(taken):.1f} to {max(taken):.1f} in {len(taken)} runs)"
