"""Which kinds of place there are: a host alone, and a vCenter. What the server says of itself decides at the login."""

from provider.vsphere import standalone_host
from provider.vsphere.cancel import CancelToken
from provider.vsphere.endpoint import Endpoint
from provider.vsphere.place import Place
from provider.vsphere.placement import Placement
from provider.vsphere.vcenter import vcenter


def connected(endpoint: Endpoint, placement: Placement, cancel: CancelToken) -> Place:
    """The place that is meant, logged in to at its first use.

    A server of another kind than the placement is for raises RefusedError then, before the password is sent.
    """
    if placement.in_vcenter:
        return vcenter.connected(endpoint, placement, cancel)
    return standalone_host.connected(endpoint, placement, cancel)
