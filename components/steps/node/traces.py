"""What earlier installations left: the names that the preflight looks for and the reset removes. Pure."""

from components.guest_systems import GUEST_SYSTEMS
from components.pod_networks import POD_NETWORKS
from components.records import traces
from components.runtimes import RUNTIMES


def all_traces() -> str:
    """Everything that the known installations leave on a machine, as lines of kind and names."""
    return traces.render(
        [
            traces.KUBERNETES,
            *(network.traces for _, network in sorted(POD_NETWORKS.items())),
            traces.OTHER_POD_NETWORKS,
            *(runtime.traces for _, runtime in sorted(RUNTIMES.items())),
            *(system.traces for _, system in sorted(GUEST_SYSTEMS.items())),
            traces.OTHER_RUNTIMES,
        ]
    )
