"""The words and versions that a user may write: records of runtimes and pod networks say which, and what fits.

Not here: facts on a release of Kubernetes, which the records go by themselves (config/versions.py).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from components.pod_networks import POD_NETWORKS
from components.records.discovery import default
from components.records.pod_network import Backend
from components.records.release import Download
from components.records.runtime import Adapter
from components.runtimes import RUNTIMES
from config import retired, wishes
from config.problems import one_of
from config.versions import MINORS, TRIED, KubernetesRelease, UnknownVersionError, kubernetes

_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}")
_EXAMPLE = f"for example {TRIED}"


def default_runtime() -> str:
    """The word for the container runtime of a cluster that names none."""
    return default(RUNTIMES).name


def default_pod_network() -> str:
    """The word for the pod network of a cluster that names none."""
    return default(POD_NETWORKS).name


def runtimes() -> tuple[str, ...]:
    """The words for container runtimes, the default first."""
    return _default_first(RUNTIMES, default_runtime())


def pod_networks() -> tuple[str, ...]:
    """The words for pod networks, the default first."""
    return _default_first(POD_NETWORKS, default_pod_network())


def adapters() -> Mapping[str, Adapter]:
    """What stands between runtimes and the kubelet, by its word in `runtimeVersions`."""
    found = (RUNTIMES[runtime].adapter for runtime in runtimes())
    return {adapter.name: adapter for adapter in found if adapter}


def versioned() -> tuple[str, ...]:
    """The keys of `runtimeVersions`: the runtimes and what stands before some of them."""
    return (*runtimes(), *adapters())


def pod_network_version(plugin: str, wanted: str | None = None) -> str:
    """The version of a pod network to apply: `wanted`, or the default. Raises UnknownVersionError."""
    return _wanted_or_first(POD_NETWORKS[plugin].releases, wanted)


def pod_network_backend(plugin: str, wanted: str | None = None) -> Backend | None:
    """How a pod network carries packets: the backend `wanted`, or its default; None where it has no choice of them.

    Raises ValueError for one that it does not have.
    """
    known = POD_NETWORKS[plugin].backends
    if wanted is not None and wanted not in known:
        raise ValueError(one_of(wanted, tuple(known)) if known else f"{plugin} has no choice of backends; leave it out")
    return known[wanted] if wanted is not None else next(iter(known.values()), None)


def pod_network_backends() -> dict[str, str]:
    """What each backend of the pod networks is, by its word, the default's first."""
    return {name: each.about for word in pod_networks() for name, each in POD_NETWORKS[word].backends.items()}


def adapter_release(adapter: Adapter, wanted: str | None = None) -> Download:
    """The release of an adapter to install: `wanted`, or the default. Raises UnknownVersionError."""
    return adapter.releases[_wanted_or_first(adapter.releases, wanted)]


def runtime_version(release: KubernetesRelease, runtime: str, wanted: str | None = None) -> str:
    """The version of a runtime to install: `wanted`, or the default that fits the Kubernetes release.

    Any patch of a series that fits will do. Raises UnknownVersionError if `wanted` does not fit, if the runtime has no
    series and `wanted` is not known, or if no known version fits.
    """
    record = RUNTIMES[runtime]
    fitting = tuple(version for version in record.versions if record.fits(release, version))
    if wanted is None and fitting:
        return fitting[0]
    if wanted is not None and (wanted in fitting or (record.series(release) and record.fits(release, wanted))):
        return wanted
    reason = ""
    if wanted is not None and not record.fits(release, wanted):
        matched = ", ".join(f"{series}.x" for series in record.series(release))
        reason = f"Kubernetes {release.version} is matched with {runtime} {matched}; "
    raise UnknownVersionError(f"{reason}known: {_listed(fitting)}")


def runtime_versions(release: KubernetesRelease, wanted: Mapping[str, str]) -> dict[str, str]:
    """The version to install of every runtime and adapter, by the keys of `runtimeVersions`: the wanted, or defaults.

    Raises UnknownVersionError as `runtime_version` and `adapter_release` do.
    """
    found = {runtime: runtime_version(release, runtime, wanted.get(runtime)) for runtime in runtimes()}
    return found | {name: adapter_release(each, wanted.get(name)).version for name, each in adapters().items()}


def _wanted_or_first(known: Collection[str], wanted: str | None) -> str:
    """`wanted` if it is known, or the first that is. Raises UnknownVersionError."""
    found = wanted or next(iter(known))
    if found not in known:
        raise UnknownVersionError(f"known: {_listed(known)}")
    return found


def _default_first(words: Iterable[str], first: str) -> tuple[str, ...]:
    return tuple(sorted(words, key=lambda word: (word != first, word)))


def _listed(known: Iterable[str]) -> str:
    return ", ".join(known) or "none yet"


def _version(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"wanted: a full version in three parts, {_EXAMPLE}")  # noqa: TRY004 (pydantic's rule)
    if isinstance(value, str) and not _VERSION.fullmatch(value):
        bare = value.strip().lstrip("vV")
        hint = f"did you mean {bare}?" if _VERSION.fullmatch(bare) else _EXAMPLE
        raise ValueError(f"wanted: a version in three parts without a v, {hint}")
    return value


def _kubernetes_version(value: str) -> str:
    if re.search(r"(^|\.)0[0-9]", value):
        raise ValueError(f"wanted: a version without leading zeros, {_EXAMPLE}")
    try:
        return kubernetes(value).version
    except UnknownVersionError as error:
        reason = retired.kubernetes(value, MINORS)
        raise ValueError(f"{reason}; {error}" if reason else str(error)) from None


def _runtime(value: str) -> str:
    if value in runtimes():
        return value
    raise ValueError(retired.RUNTIMES.get(value.lower()) or one_of(value, runtimes()))


def _pod_network(value: str) -> str:
    if value in pod_networks():
        return value
    wished = "which kubelab cannot apply yet; " if value.lower() in wishes.POD_NETWORKS else ""
    raise ValueError(f"{wished}{one_of(value, pod_networks())}")


def _versioned(value: str) -> str:
    if value in versioned():
        return value
    is_adapter = value.lower().replace("-", "") in map(str.lower, adapters())
    reason = None if is_adapter else retired.RUNTIMES.get(value.lower())
    raise ValueError(reason or one_of(value, versioned()))


def _some_version(value: object) -> object:
    reason = retired.no_version(value)
    if reason:
        raise ValueError(reason)
    return value


Version = Annotated[str, BeforeValidator(_version), Field(json_schema_extra={"pattern": f"^{_VERSION.pattern}$"})]
KubernetesVersion = Annotated[
    Version,
    AfterValidator(_kubernetes_version),
    Field(json_schema_extra={"pattern": rf"^({'|'.join(map(re.escape, sorted(MINORS)))})\.(0|[1-9][0-9]*)$"}),
]
Runtime = Annotated[str, AfterValidator(_runtime), Field(json_schema_extra={"enum": list(runtimes())})]
RuntimeVersions = Annotated[
    dict[Annotated[str, AfterValidator(_versioned)], Annotated[Version, BeforeValidator(_some_version)]],
    Field(json_schema_extra={"propertyNames": {"enum": list(versioned())}}),
]
PodNetworkPlugin = Annotated[str, AfterValidator(_pod_network), Field(json_schema_extra={"enum": list(pod_networks())})]
PodNetworkBackend = Annotated[str, Field(json_schema_extra={"enum": list(pod_network_backends())})]
"""A backend of some pod network; whether it is one of the chosen plugin is another question."""
PodNetworkVersion = Annotated[
    Version,
    Field(json_schema_extra={"enum": [version for word in pod_networks() for version in POD_NETWORKS[word].releases]}),
]
"""A version of some pod network; whether it is one of the chosen plugin is another question."""
