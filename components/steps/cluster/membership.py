"""A worker's membership in the cluster, kept on a control plane: a certificate to join by, and the way out. Pure."""

from dataclasses import dataclass

from components.step import Log, Step
from config import ClusterConfig

# stdout is the certificate and its authority's.
STEP = Step(
    "50-manage-membership.sh", timeout_seconds=300, log=Log.STDERR, argument="admit", removal="remove", is_public=True
)
# Of a worker that is to rest: its node leaves before its machine is off, and registers by itself afterwards.
REST = Step("50-manage-membership.sh", timeout_seconds=300, argument="rest")


def leave(worker: str, cluster: ClusterConfig) -> dict[str, str]:
    """What the step is given to take a node out of the cluster: nothing is signed then."""
    return environment(worker, cluster, "-", "-", 0, "-")


@dataclass(frozen=True, slots=True)
class Admission:
    """What the step answered, each PEM in base64: the worker's certificate, and that of the cluster's authority."""

    certificate: str
    authority: str


def environment(
    worker: str, cluster: ClusterConfig, host_key: str, initialisation: str, renewals: int, identity: str
) -> dict[str, str]:
    """What the step is given; `host_key` is the public one of the worker's machine, "ssh-ed25519 AAAA... comment".

    `initialisation` is another one when the cluster was made anew, `renewals` when certificates became due for renewal
    (components/steps/cluster/certificates.py): either makes the certificate anew, so that no stored one ends.
    `identity` is what the worker's machine is known by, as its preflight says it.
    """
    return {
        "WORKER": worker,
        "WORKER_KEY": " ".join(host_key.split()[:2]),
        "CERTIFICATE_HOURS": str(cluster.certificate_hours),
        "INITIALISATION": initialisation,
        "RENEWAL": str(renewals),
        "MACHINE": identity,
    }


def admission(stdout: str) -> Admission:
    """The step's result, parsed; nothing of an earlier program's, which held a token and which a preview still has."""
    certificate, authority = stdout.split()
    return Admission("" if "." in certificate else certificate, authority)
