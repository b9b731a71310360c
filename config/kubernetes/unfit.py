"""The settings of two whole documents that Kubernetes of the declared version would refuse, or silently ignore."""

from collections.abc import Iterator

from config import versions
from config.documents import Documents
from config.kubernetes import arguments, structures
from config.kubernetes.facts import Facts, facts
from config.problems import Problem, shown

_NO_SWAP = "NoSwap"


def unfit_settings(documents: Documents) -> Iterator[Problem]:
    """Every name and value that is passed through and does not fit, where it is written."""
    known = facts(versions.kubernetes(documents.cluster.kubernetes_version).minor)
    yield from _structures(documents, known)
    yield from _arguments(documents, known)
    yield from _swap(documents)


def deprecated_arguments(documents: Documents) -> Iterator[Problem]:
    """The arguments that Kubernetes of the declared version takes, but has deprecated."""
    known = facts(versions.kubernetes(documents.cluster.kubernetes_version).minor)
    for component, index, name, _ in _written(documents):
        text = arguments.deprecation(known, component, name)
        if text:
            yield documents.in_cluster(f"{component}/extraArgs/{index}/name", text)


def _structures(documents: Documents, known: Facts) -> Iterator[Problem]:
    kubelet, kube_proxy = structures.KUBELET, structures.KUBE_PROXY
    for misfit in structures.misfits(known, kubelet, documents.cluster.kubelet):
        yield documents.in_cluster(f"kubelet/{misfit.path}", misfit.text)
    for misfit in structures.misfits(known, kube_proxy, documents.cluster.kube_proxy):
        yield documents.in_cluster(f"kubeProxy/{misfit.path}", misfit.text)
    for name, node in documents.nodes.items():
        for misfit in structures.misfits(known, kubelet, node.kubelet):
            yield documents.in_node(name, f"kubelet/{misfit.path}", misfit.text)
    for misfit in structures.misfits(known, kubelet, documents.site.kubelet):
        yield documents.in_site(f"kubelet/{misfit.path}", misfit.text)
    for misfit in structures.misfits(known, kube_proxy, documents.site.kube_proxy):
        yield documents.in_site(f"kubeProxy/{misfit.path}", misfit.text)


def _arguments(documents: Documents, known: Facts) -> Iterator[Problem]:
    for component, index, name, value in _written(documents):
        for misfit in arguments.misfits(known, component, index, name, value):
            yield documents.in_cluster(f"{component}/extraArgs/{misfit.path}", misfit.text)


def _written(documents: Documents) -> Iterator[tuple[str, int, str, str]]:
    cluster = documents.cluster
    components = {
        "apiServer": cluster.api_server.extra_args,
        "controllerManager": cluster.controller_manager.extra_args,
        "scheduler": cluster.scheduler.extra_args,
        "etcd": cluster.etcd.extra_args,
    }
    for component, written in components.items():
        for index, argument in enumerate(written):
            yield component, index, argument.name, argument.value


def _swap(documents: Documents) -> Iterator[Problem]:
    """Swap for pods where kubelab turns swap off, since nothing says that the kubelet is to bear it."""
    for name, node in documents.nodes.items():
        layers = (node.kubelet, documents.cluster.kubelet, documents.site.kubelet)
        bears = next((layer["failSwapOn"] for layer in layers if "failSwapOn" in layer), True)
        index, swap = next(
            ((at, layer["memorySwap"]) for at, layer in enumerate(layers) if "memorySwap" in layer), (0, None)
        )
        behaviour = swap.get("swapBehavior") if isinstance(swap, dict) else None
        if bears is False or behaviour in (None, "", _NO_SWAP):
            continue
        path = "kubelet/memorySwap/swapBehavior"
        text = f"found {shown(behaviour)}, but swap is turned off on {name}; write failSwapOn: false there to keep it"
        yield (documents.in_node(name, path, text), documents.in_cluster(path, text), documents.in_site(path, text))[
            index
        ]
