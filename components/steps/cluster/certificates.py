"""How long a cluster's certificates live, when they are renewed, and the step that does it. Pure.

A renewal is due by the calendar: the time from one to the next is counted from the birth of the cluster's authority, so
that the program knows it without asking any machine, and a run on any other day changes nothing.
"""

import re
from datetime import UTC, datetime, timedelta

from components.step import Log, Step
from components.steps.cluster import kubeadm
from config import ClusterConfig, NodeConfig

# stdout is the kubeconfig.
STEP = Step("41-renew-certificates.sh", timeout_seconds=600, log=Log.STDERR, argument="keep")
SHOW = "show"
"""The argument with which it only says when the first certificate ends, as `2029-11-26T18:12:54Z`."""

_LONGEST_LEAD = 90 * 24
_DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
_FORM = "%Y-%m-%dT%H:%M:%SZ"


def lead_hours(cluster: ClusterConfig) -> int:
    """How long before their end certificates are renewed, in hours: 90 days, or a third of a shorter life."""
    return min(_LONGEST_LEAD, cluster.certificate_hours // 3)


def renewal(cluster: ClusterConfig, born: str, now: datetime) -> int:
    """How many renewals were due until `now`. `born` is what the control plane's step says of its authority.

    None was for a text without a date: an earlier program's result, which a preview still has.
    """
    found = re.fullmatch(_DATE, born.strip())
    if not found:
        return 0
    interval = timedelta(hours=cluster.certificate_hours - lead_hours(cluster))
    return max(0, (now - _moment(found[0])) // interval)


def lifetimes(cluster: ClusterConfig) -> dict[str, str]:
    """How long certificates live and when they are renewed, as steps are told."""
    return {"CERTIFICATE_HOURS": str(cluster.certificate_hours), "RENEW_BEFORE_HOURS": str(lead_hours(cluster))}


def environment(node: NodeConfig, cluster: ClusterConfig, address: str, renewals: int) -> dict[str, str]:
    """What the control plane on the machine at `address` is given."""
    return {
        "NODE_NAME": node.name,
        "CLUSTER_NAME": cluster.name,
        "CLUSTER_DOCUMENTS": kubeadm.client_documents(cluster, address),
        "RENEWAL": str(renewals),
        **lifetimes(cluster),
    }


def end(text: str) -> datetime | None:
    """When the first certificate ends, of the step's kubeconfig or of what it shows; None for a text without a date."""
    found = re.search(_DATE, text)
    return _moment(found[0]) if found else None


def warning(cluster: ClusterConfig, ends: datetime | None, now: datetime) -> str | None:
    """What a user is told when certificates end soon; None as long as there is time."""
    if ends is None or ends - now >= timedelta(hours=lead_hours(cluster)):
        return None
    verb = "ended" if ends <= now else "end"
    return f"the certificates of cluster {cluster.name} {verb} on {ends:{_FORM}}; `pulumi up` renews them"


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)
