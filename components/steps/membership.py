"""A worker's membership in the cluster, kept on a control plane: a credential to join with, and the way out. Pure."""

from components.step import Log, Step
from components.steps import kubeadm
from config import ClusterConfig

# stdout is a kubeconfig of the worker's own.
STEP = Step("50-manage-membership.sh", timeout_seconds=300, log=Log.STDERR, argument="admit", removal="remove")


def environment(
    worker: str, cluster: ClusterConfig, address: str, initialisation: str, renewals: int
) -> dict[str, str]:
    """What the step is given; `address` is a control plane's.

    `initialisation` is another one when the cluster was made anew, `renewals` when certificates became due for renewal
    (components/steps/certificates.py): either makes the credential anew, so that no stored one ends.
    """
    return {
        "WORKER": worker,
        "CLUSTER_DOCUMENTS": kubeadm.client_documents(cluster, address),
        "CERTIFICATE_HOURS": str(cluster.certificate_hours),
        "INITIALISATION": initialisation,
        "RENEWAL": str(renewals),
    }
