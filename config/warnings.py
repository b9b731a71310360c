"""What a lab says that works, but not as one might expect. Like a problem in form; none of these stops anything."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from config.documents import Documents
from config.passthrough import DEPRECATED_KUBE_PROXY_MODE, KUBE_PROXY_MODES
from config.problems import Problem
from config.site import SiteSpec

_DOCKER_HUB = "docker.io"


def warnings(documents: Documents) -> Iterator[Problem]:
    """Every warning about two documents without faults."""
    yield from _deprecated_kube_proxy_mode(documents)
    yield from _mirrors_that_docker_cannot_use(documents)


def _deprecated_kube_proxy_mode(documents: Documents) -> Iterator[Problem]:
    if documents.kube_proxy.get("mode") == DEPRECATED_KUBE_PROXY_MODE:
        text = f"found {DEPRECATED_KUBE_PROXY_MODE!r}, which Kubernetes has deprecated since 1.35"
        yield documents.in_kube_proxy("mode", f"{text}; prefer {' or '.join(KUBE_PROXY_MODES)}")


def _mirrors_that_docker_cannot_use(documents: Documents) -> Iterator[Problem]:
    hosts = sorted(_beyond_docker(documents.site)) if documents.site else []
    if hosts and documents.on_docker:
        text = f"docker on {', '.join(documents.on_docker)} cannot use the mirrors of {', '.join(hosts)}"
        limit = f"it has mirrors of {_DOCKER_HUB} alone, and without a path below /v2"
        effect = "images that kubelab itself pulls come from the mirror, those of other pods from upstream"
        yield documents.in_site("", f"{text} ({limit}): {effect}")


def _beyond_docker(site: SiteSpec) -> Iterator[str]:
    own = {host: registry.mirror for host, registry in site.registries.items() if registry.mirror is not None}
    for host, mirror in {**site.mirrors.registries, **own}.items():
        if host != _DOCKER_HUB or urlsplit(mirror).path != "/v2":
            yield host
