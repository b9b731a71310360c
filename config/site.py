"""What a user may write in a site file: where the lab is built. All its paths are relative to the site file."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, get_args

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, WithJsonSchema, model_validator

from config import retired, wishes
from config.addresses.spec import AddressesSpec
from config.kubernetes.editor import names_of
from config.kubernetes.structures import KUBE_PROXY, KUBELET
from config.mirrors import MirrorsSpec, PackageKeysSpec
from config.model import Spec
from config.nodes.ssh_keys import SshPublicKey
from config.passthrough import check_kube_proxy, check_kubelet
from config.platform import NestedVirtualization
from config.releases import RuntimeVersions, adapters
from config.targets.spec import PlatformSpec
from config.values import (
    ExtraConfig,
    FilePath,
    LinuxUser,
    RegistryHost,
    RegistryMirror,
    name,
)


def unless_refused(reasons: Mapping[str, str]) -> Callable[[object], object]:
    """A check that refuses the words of `reasons`, each with its reason, and leaves all others to the type."""

    def check(value: object) -> object:
        if isinstance(value, str) and value in reasons:
            raise ValueError(reasons[value])
        return value

    return check


def _login_name(value: str) -> str:
    if name(value) and ":" not in value:
        return value
    raise ValueError("wanted: a user's name, without a colon")


def _preflight_check(value: str) -> str:
    if value.lower() == "all":
        raise ValueError("which would hide every fault; name the checks to ignore, one by one")
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9._/-]*", value):
        return value
    raise ValueError("wanted: the name of one of kubeadm's preflight checks, such as SystemVerification")


def _multiple_of_four(value: int) -> int:
    """`value`, if vSphere takes it for MiB of memory. Raises ValueError."""
    if value % 4:
        raise ValueError(f"wanted: a multiple of 4, as vSphere demands, for example {value // 4 * 4 + 4}")
    return value


LoginName = Annotated[str, AfterValidator(_login_name)]
PreflightCheck = Annotated[str, AfterValidator(_preflight_check)]
KubeletSettings = Annotated[
    dict[str, JsonValue], AfterValidator(check_kubelet), Field(json_schema_extra=names_of(KUBELET))
]
KubeProxySettings = Annotated[
    dict[str, JsonValue], AfterValidator(check_kube_proxy), Field(json_schema_extra=names_of(KUBE_PROXY))
]


def _word_of_truth(value: object) -> object:
    """`off` is a boolean to whoever reads YAML 1.1, and the key was one before it had three words."""
    return {True: "require", False: "off"}[value] if isinstance(value, bool) else value


NestedVirtualizationWord = Annotated[
    NestedVirtualization,
    BeforeValidator(unless_refused(retired.NESTED_VIRTUALIZATION)),
    BeforeValidator(_word_of_truth),
    WithJsonSchema({"enum": [*get_args(NestedVirtualization), True, False]}),
]


class MachineSpec(Spec):
    """The size of the virtual machines."""

    cpus: int = Field(default=2, ge=1, le=768, description="the number of virtual CPUs; a control plane needs 2")
    memory_mib: Annotated[int, Field(ge=512, le=25165824), AfterValidator(_multiple_of_four)] = Field(
        default=4096, description="memory in MiB, in fours; a control plane needs 1700"
    )
    disk_gib: int = Field(default=40, ge=4, le=63488, description="the size of the disk in GiB; not below the image's")
    nested_virtualization: NestedVirtualizationWord = Field(
        default="require",
        description="whether virtual machines run on the machines: require refuses a machine on which none does, "
        "prefer warns of it, off asks for nothing; true is require, false is off",
    )
    start_seconds: int = Field(
        default=300,
        ge=60,
        le=3600,
        description="seconds a machine may take from power-on until its ssh server answers",
    )
    extra_config: ExtraConfig = Field(
        default_factory=dict, description="further settings of the VM; a node's are added to the site's"
    )
    hardware_version: int | None = Field(
        default=None,
        ge=7,
        le=99,
        description="its virtual hardware version, such as 19; a machine that exists is shut down and raised to it, "
        "never lowered; default: that of the image",
    )


class SshSpec(Spec):
    """How machines are reached."""

    refused_keys = wishes.SSH

    user: LinuxUser = Field(default="lab", description="the user that is created on every machine")
    authorized_keys: Annotated[tuple[SshPublicKey, ...], Field(strict=False)] = Field(
        default=(), description="public keys of people who may log in as that user, one line of a .pub file each"
    )


class RegistrySpec(Spec):
    """An image registry with a mirror, an authority or a password of its own."""

    mirror: RegistryMirror | None = Field(
        default=None, description="what is asked in its place: an https:// URL whose path begins with /v2"
    )
    ca_file: FilePath | None = Field(
        default=None, description="PEM file of the authority of its certificate, or of its mirror's"
    )
    user: LoginName | None = Field(default=None, description="the user who pulls images")
    password_file: FilePath | None = Field(default=None, description="a file (mode 0600) that holds the password")

    @model_validator(mode="after")
    def _whole_login(self) -> "RegistrySpec":
        if (self.user is None) != (self.password_file is None):
            found, missing = ("passwordFile", "user") if self.user is None else ("user", "passwordFile")
            raise ValueError(f"found {found} without {missing}, wanted: both or neither")
        return self


class SiteSpec(Spec):
    """A site file."""

    refused_keys = wishes.SITE

    @model_validator(mode="before")
    @classmethod
    def _network_of_made_machines(cls, written: object) -> object:
        """Machines that exist have their addresses: a site of no others need not say a network."""
        if not isinstance(written, dict):
            return written
        platform, addresses = written.get("platform"), written.get("addresses", {})
        if not isinstance(platform, dict) or not isinstance(addresses, dict):
            return written
        if "existing" in platform and "vsphere" not in platform:
            return {**written, "addresses": {"network": None, **addresses}}
        if "network" in addresses and addresses["network"] is None:
            return {**written, "addresses": {key: addresses[key] for key in addresses if key != "network"}}
        return written

    platform: PlatformSpec = Field(description="where machines come from")
    machine: MachineSpec = Field(default=MachineSpec(), description="the size of the virtual machines")
    addresses: AddressesSpec = Field(description="how machines get their addresses")
    ssh: SshSpec = Field(default=SshSpec(), description="how machines are reached")
    mirrors: MirrorsSpec = Field(default=MirrorsSpec(), description="where machines fetch from instead of the internet")
    package_keys: PackageKeysSpec = Field(
        default=PackageKeysSpec(), description="fingerprints of the keys that packages are signed with"
    )
    registries: dict[RegistryHost, RegistrySpec] = Field(
        default_factory=dict, description="image registries that need more than mirrors/registries says"
    )
    runtime_versions: RuntimeVersions = Field(
        default_factory=dict,
        description=f"versions of container runtimes and of {', '.join(adapters())} where the stack names none",
    )
    kubelet: KubeletSettings = Field(default_factory=dict, description="settings added to KubeletConfiguration")
    kube_proxy: KubeProxySettings = Field(default_factory=dict, description="settings added to KubeProxyConfiguration")
    ignore_preflight_errors: Annotated[tuple[PreflightCheck, ...], Field(strict=False)] = Field(
        default=(), description="kubeadm's preflight checks to ignore, by name"
    )
