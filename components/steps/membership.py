"""A worker's membership in the cluster, kept on a control plane: a token to join with, and the way out. Pure."""

from dataclasses import dataclass

from components.step import Log, Step

# stdout is the token and the hash of the authority's key.
STEP = Step("50-manage-membership.sh", timeout_seconds=300, log=Log.STDERR, argument="admit", removal="remove")
_NONE = "-"


@dataclass(frozen=True, slots=True)
class Admission:
    """What the step answered: a token, a secret, None for a worker that the cluster has; the hash of the CA's key."""

    token: str | None
    ca_cert_hash: str


def environment(worker: str, initialisation: str) -> dict[str, str]:
    """What the step is given; `initialisation` is another one when the cluster was made anew."""
    return {"WORKER": worker, "INITIALISATION": initialisation}


def admission(stdout: str) -> Admission:
    """The step's result, parsed."""
    token, ca_cert_hash = stdout.split()
    return Admission(None if token == _NONE else token, ca_cert_hash)
