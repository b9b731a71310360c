"""Rules on versions: what fits the Kubernetes, and what can be verified once it is downloaded."""

from collections.abc import Iterator

from config import retired, versions
from config.documents import Documents
from config.problems import Problem


def broken_version_rules(documents: Documents) -> Iterator[Problem]:
    """Every rule that the versions of the two documents break; a version the stack replaces in the site is left out."""
    yield from _runtimes(documents)
    yield from _cri_dockerd(documents)


def _runtimes(documents: Documents) -> Iterator[Problem]:
    if documents.cluster.kubernetes_version is None:
        return
    release = versions.kubernetes(documents.cluster.kubernetes_version)
    for runtime, version in documents.runtime_versions.items():
        if runtime == versions.CRI_DOCKERD_KEY:
            continue
        try:
            versions.runtime_version(release, runtime, version)
        except versions.UnknownVersionError as error:
            reason = retired.runtime_version(runtime, version)
            text = f"found {version!r}, {reason}; {error}" if reason else f"found {version!r}, {error}"
            yield documents.in_runtime_versions(runtime, text)


def _cri_dockerd(documents: Documents) -> Iterator[Problem]:
    key = versions.CRI_DOCKERD_KEY
    version = documents.runtime_versions.get(key) or versions.default_cri_dockerd()
    try:
        release = versions.cri_dockerd(version)
    except versions.UnknownVersionError as error:
        yield documents.in_runtime_versions(key, f"found {version!r}, {error}")
        return
    mirrors = documents.site.mirrors if documents.site else None
    if release.sha256 or not documents.on_docker or mirrors is None or mirrors.checksums is None:
        return
    if release.path not in mirrors.checksums:
        nodes = ", ".join(documents.on_docker)
        text = f"found {version!r} for docker on {nodes}, of which kubelab knows no checksum"
        remedy = f"write it in {documents.site_file} below mirrors/checksums, as {release.path}: SHA256"
        yield documents.in_runtime_versions(key, f"{text}; {remedy}, or choose {versions.default_cri_dockerd()}")
