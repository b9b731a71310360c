"""Where a lab is built, checked: hosts, images, machines that exist, addresses, and where machines fetch from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

NestedVirtualization = Literal["require", "prefer", "off"]
AddressMode = Literal["dhcp", "static"]
NamesBy = Literal["hosts", "dns"]

OPERATIONS = 8  # that a host is given at once, unless its target says otherwise


@dataclass(frozen=True, slots=True)
class BakedConfig:
    """What an image has inside, by its `word`: versions of Kubernetes and, by their words, of container runtimes."""

    word: str
    kubernetes: str
    runtimes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """A node image: an absolute path or a URL, its SHA-256 sum in lower case, and the word for its guest system.

    One that is a vCenter's own `template` has that name instead of `ova`, and as `sha256` what stands for the name.
    `baked` is what it is known to have inside besides; steps look for themselves.
    """

    ova: str
    sha256: str
    system: str
    baked: BakedConfig | None = None
    template: str = ""


@dataclass(frozen=True, slots=True)
class PlacementConfig:
    """Where in a vCenter machines are made: names or inventory paths, "" for what was not said.

    Without `cluster` and `host` it is no vCenter. `clone` is full or linked, "" for the default.
    """

    datacenter: str = ""
    cluster: str = ""
    host: str = ""
    resource_pool: str = ""
    folder: str = ""
    clone: str = ""

    @property
    def in_vcenter(self) -> bool:
        """Whether it says which cluster or host of a vCenter."""
        return bool(self.cluster or self.host)

    @property
    def keys(self) -> dict[str, str]:
        """What was said, by the keys of the site file, which are the provider's too."""
        said = {
            "datacenter": self.datacenter,
            "cluster": self.cluster,
            "host": self.host,
            "resourcePool": self.resource_pool,
            "folder": self.folder,
            "clone": self.clone,
        }
        return {key: value for key, value in said.items() if value}

    @property
    def linked(self) -> bool:
        """Whether machines share the disk of their image."""
        return self.clone == "linked"


@dataclass(frozen=True, slots=True)
class MachineConfig:
    """The size of a virtual machine; memory in MiB, disk in GiB. One that exists goes by `nested_virtualization` alone.

    `nested_virtualization`: a guest must run on the machine, may not, or is not asked for. `start_seconds`: from
    power-on to its ssh server. `hardware_version` is None for that of the image, or the one it has.
    """

    cpus: int
    memory_mib: int
    disk_gib: int
    nested_virtualization: NestedVirtualization
    extra_config: Mapping[str, str]
    start_seconds: int = 300
    hardware_version: int | None = None


@dataclass(frozen=True, slots=True)
class ExtraDiskConfig:
    """A further disk of a machine; `size_gib` is None for one that is only to be removed."""

    name: str
    size_gib: int | None
    thin: bool = True
    remove: bool = False


@dataclass(frozen=True, slots=True)
class CardConfig:
    """A further network card of a machine; `mac_address` is empty where it follows from machine and network."""

    network: str
    connected: bool = True
    mac_address: str = ""


@dataclass(frozen=True, slots=True)
class ExistingMachineConfig:
    """A machine that nobody here makes: where it is, as whom one logs in, what it runs.

    `address` is an IPv4 address or a name; `node_address` the IPv4 address by which other nodes reach it, None for what
    the name stands for. `host_key` is "ssh-ed25519 AAAA...", `private_key` a key without a passphrase as PEM, `system`
    the word for the guest system.
    """

    address: str
    node_address: str | None
    port: int
    user: str
    host_key: str
    private_key: SecretStr
    system: str


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """How the host's certificate is verified: PEM text or a fingerprint (64 digits in lower case), or neither.

    With neither it is the system's authorities that decide, unless it is `insecure`: then nobody does.
    """

    ca_pem: str | None
    sha256: str | None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class VsphereConfig:
    """A target: an ESXi host, or a cluster or host of a vCenter (`placement`).

    `name` is what nodes call it, empty for one that stands alone and has none. `password` is None if it is to come from
    the stack, `password_sought` where one was sought; `password_key` is what `pulumi config set` takes to put it there.
    """

    server: str
    port: int
    user: str
    password: SecretStr | None
    password_sought: tuple[str, ...]
    tls: TlsConfig
    datastore: str
    network: str
    image: ImageConfig
    name: str = ""
    password_key: str = "kubelab:vspherePassword"
    operations: int = OPERATIONS
    placement: PlacementConfig = PlacementConfig()

    @property
    def beyond_defaults(self) -> dict[str, object]:
        """The provider's keys of what is not as usual; states of earlier versions have no others."""
        insecure: dict[str, object] = {"tlsInsecure": True} if self.tls.insecure else {}
        return insecure | ({"operations": self.operations} if self.operations != OPERATIONS else {})

    def password_or_none(self) -> str | None:
        """The password in plain, for a secret output or a login; None if it is to come from the stack."""
        return self.password.get_secret_value() if self.password else None

    def missing_password(self) -> str:
        """What to tell a user when there is no password anywhere: where it was sought, and the usual remedy."""
        sought = ", ".join(self.password_sought)
        remedy = f"run `pulumi config set --secret {self.password_key}`"
        return f"logging in to {self.server} as {self.user}: found no password in {sought}; {remedy}"


@dataclass(frozen=True, slots=True)
class MirrorsConfig:
    """Where machines fetch from, by URLs without a trailing slash; None means upstream.

    `apt_docker` is by the ID of a guest system, an empty one for all others. `checksums` are SHA-256 sums in lower case
    by paths below `files`, `package_keys` fingerprints in upper case by the names of repositories, also of upstream's.
    """

    ca_pem: str | None
    apt_kubernetes: str | None
    apt_docker: Mapping[str, str]
    apt_crio: str | None
    apt_debian: str | None
    apt_ubuntu: str | None
    files: str | None
    checksums: Mapping[str, str]
    package_keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """An image registry (`docker.io`, `registry.lab:5000`) that is not asked just by its name.

    `mirror` is the https URL, /v2 in its path, that is asked in its place; empty for the registry itself. `ca_pem` and
    the credentials belong to whichever is asked: empty for the machines' own authorities, None for no password.
    """

    host: str
    mirror: str
    ca_pem: str
    user: str
    password: SecretStr | None


@dataclass(frozen=True, slots=True)
class AddressesConfig:
    """The machine network, in CIDR notation, and where the machines' addresses in it come from.

    It is empty where no machine is made and none is declared.

    With `mode` static each node has its own, and `gateway`, `name_servers` and `search_domains` are what a machine is
    given besides; with dhcp they are empty. `names` says whether machines find each other in /etc/hosts.
    """

    network: str
    mode: AddressMode = "dhcp"
    gateway: str = ""
    name_servers: tuple[str, ...] = ()
    search_domains: tuple[str, ...] = ()
    names: NamesBy = "dns"
