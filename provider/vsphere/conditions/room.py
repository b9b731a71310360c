"""The memory of a target, for machines that are to be made on one of several. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """Memory that is free, in MiB (below zero where more is promised than there is), and names of ours there."""

    free_mib: int
    ours: frozenset[str] = frozenset()
