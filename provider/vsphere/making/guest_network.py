"""The network of a machine's first card as cloud-init's network-config v2, for machines that ask no DHCP. Pure.

https://cloudinit.readthedocs.io/en/latest/reference/network-config-format-v2.html
"""

from collections.abc import Mapping
from typing import Any

from provider.vsphere.desired import DesiredMachine

CARD = "eth0"  # the name that the card gets in the guest, whatever its slot: of all its renderers some go by the name


def network_config(machine: DesiredMachine) -> Mapping[str, Any] | None:
    """What stands as `network` in the metadata; None where the image's default, DHCP, is what is wanted."""
    return {"version": 2, "ethernets": {CARD: first_card(machine)}} if machine.static_address else None


def first_card(machine: DesiredMachine) -> Mapping[str, Any]:
    """The first card, known by its MAC: slots and names differ from host to host."""
    servers = {"addresses": list(machine.name_servers), "search": list(machine.search_domains)}
    return {
        "match": {"macaddress": machine.manual_mac},
        "set-name": CARD,
        "dhcp4": False,
        "dhcp6": False,
        "addresses": [str(machine.static_address)],
        # Of all spellings of a default route the one that every release and renderer takes.
        **({"routes": [{"to": "0.0.0.0/0", "via": machine.gateway}]} if machine.gateway else {}),
        **({"nameservers": {key: value for key, value in servers.items() if value}} if any(servers.values()) else {}),
    }


def parts(machine: DesiredMachine) -> tuple[str, ...]:
    """What of it only making a machine anew can change; nothing of a machine that has DHCP and a MAC of the host's."""
    if not machine.manual_mac and machine.static_address is None:
        return ()
    names = (",".join(machine.name_servers), ",".join(machine.search_domains))
    return (machine.manual_mac, str(machine.static_address or ""), machine.gateway, *names)
