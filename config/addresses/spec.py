"""What a site file says of addresses; a node's own address and MAC stand at the node."""

from pydantic import Field

from config.addresses.values import Address, NameServers, SearchDomains
from config.model import Spec
from config.platform import AddressMode, NamesBy
from config.values import Network


class AddressesSpec(Spec):
    """How machines get their addresses, and know each other's names."""

    mode: AddressMode = Field(
        default="dhcp", description="where addresses come from: dhcp, or static, which gives each node its address"
    )
    network: Network | None = Field(
        description="the machine network; every machine's address must lie in it; needed where machines are made"
    )
    gateway: Address | None = Field(default=None, description="the router of the machine network, for static addresses")
    name_servers: NameServers = Field(
        default=(), description="the name servers of machines with static addresses, at most three, as pods get no more"
    )
    search_domains: SearchDomains = Field(
        default=(), description="the domains that machines with static addresses look for names in"
    )
    names: NamesBy = Field(
        default="dns",
        description="how machines know each other's names: dns leaves it to the site, hosts keeps a block of them in "
        "every machine's /etc/hosts",
    )
