"""Versions of what records know, and which fit a Kubernetes release. Pure data."""

from collections.abc import Iterable
from dataclasses import dataclass


def series_of(version: str) -> str:
    """`2.3` of `2.3.4`: what a version shares with those that differ in fixes alone."""
    return version.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Download:
    """A file of one release: where it lies below a file server's root, and the SHA-256 sums it may have.

    Upstream's own server is the first part of `path`. Without any sum it can be had only where the site gives one, as
    `mirrors.checksums`.
    """

    version: str
    path: str
    sha256: tuple[str, ...]

    def url(self, files: str | None) -> str:
        """Where it is fetched from: upstream, or the site's file server `files` (https, no trailing slash)."""
        return f"{files or 'https:/'}/{self.path}"


def by_version(releases: Iterable[Download]) -> dict[str, Download]:
    """The releases by their versions, in the order given: the default first."""
    return {release.version: release for release in releases}
