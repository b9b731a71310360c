"""What a user may write of the targets in a site file."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Tag, model_validator

from config.existing.spec import ExistingSpec
from config.forms import ONE, ONE_OR_SEVERAL, SEVERAL
from config.images.spec import Image, TemplateSpec
from config.model import Spec
from config.targets import wishes
from config.values import FilePath, Fingerprint, Name, Server, TargetName


class TlsSpec(Spec):
    """How the host's certificate is verified; without any of these, by the system's certificate authorities."""

    ca_file: FilePath | None = Field(default=None, description="PEM file of the host's certificate authority")
    sha256: Fingerprint | None = Field(
        default=None, description="SHA-256 fingerprint of the certificate itself, as `make pin` prints it"
    )
    insecure: bool = Field(
        default=False,
        description="true: it is not verified, and whoever answers gets the password; warned of at each run",
    )

    @model_validator(mode="after")
    def _one_way(self) -> "TlsSpec":
        ways = {"caFile": self.ca_file, "sha256": self.sha256, "insecure": self.insecure or None}
        found = [name for name, way in ways.items() if way is not None]
        if len(found) > 1:
            raise ValueError(f"found {' and '.join(found)}, allowed: one of them")
        return self


class VsphereSpec(Spec):
    """The ESXi host, or a cluster or host of a vCenter."""

    refused_keys = wishes.VSPHERE

    name: TargetName | None = Field(default=None, description="what nodes call it, as their host")
    server: Server = Field(description="the ESXi host or the vCenter, as host or host:port")
    user: Name = Field(description="the user on the host or vCenter")
    password_file: FilePath | None = Field(
        default=None, description="a file (mode 0600) that holds the password, unless it comes another way"
    )
    tls: TlsSpec = Field(default=TlsSpec(), description="how the host's certificate is verified")
    operations: int = Field(
        default=8,
        ge=1,
        le=64,
        description="how many operations the host is given at once, besides four copies of disks",
    )
    datacenter: Name | None = Field(
        default=None, description="of a vCenter: the datacenter, where it has several, by its name or path"
    )
    cluster: Name | None = Field(default=None, description="of a vCenter: the cluster on which machines are made")
    host: Name | None = Field(default=None, description="of a vCenter: the one host on which machines are made")
    resource_pool: Name | None = Field(
        default=None, description="of a vCenter: the resource pool, if not the root of the cluster or host"
    )
    folder: Name | None = Field(default=None, description="of a vCenter: the VM folder, which must be there")
    clone: Literal["full", "linked"] | None = Field(
        default=None,
        description="of a vCenter: whether machines copy their image's disk, or share it; default: full",
    )
    datastore: Name = Field(description="the datastore of the virtual machines; of a vCenter also a datastore cluster")
    network: Name = Field(description="the port group of the virtual machines; of a vCenter also a distributed one")
    image: Image = Field(
        description="the image of nodes: a word that `make image` made known, ova and sha256, or a vCenter's template"
    )

    @model_validator(mode="after")
    def _in_one_place(self) -> "VsphereSpec":
        """Whether the server is a vCenter it says itself, at the login; what is no vCenter's in itself is said here."""
        if self.cluster is not None and self.host is not None:
            raise ValueError("found cluster and host, allowed: one of them (a host may be one of a cluster's)")
        if self.cluster is not None or self.host is not None:
            return self
        said = {name: getattr(self, name) for name in ("datacenter", "resource_pool", "folder", "clone")}
        keys = [str(type(self).model_fields[name].alias) for name, value in said.items() if value is not None]
        keys += ["image/template"] if isinstance(self.image, TemplateSpec) else []
        if keys:
            raise ValueError(
                f"found {', '.join(keys)} without cluster or host: they are a vCenter's; write which cluster or host "
                "of it, "
                "or remove them"
            )
        return self


class NamedVsphereSpec(VsphereSpec):
    """One of several targets: each has a name."""

    name: TargetName = Field(description="what nodes call it, as their host")


_NO_PLACE = {"name", "user", "password_file", "tls", "datastore", "network", "image", "clone"}
"""What may differ between two targets that are the same host or cluster."""


def _place(target: VsphereSpec) -> dict[str, object]:
    return target.model_dump(exclude=_NO_PLACE) | {"server": target.server.lower().removesuffix(":443")}


def _told_apart(targets: tuple[NamedVsphereSpec, ...]) -> tuple[NamedVsphereSpec, ...]:
    if not targets:
        raise ValueError("of no target, wanted: a target, or a list of some, each with a name")
    known: dict[str, NamedVsphereSpec] = {}
    for target in targets:
        if target.name in known:
            raise ValueError(f"found name {target.name!r} twice, wanted: a name of its own for each target")
        same = next((other for other in known.values() if _place(other) == _place(target)), None)
        if same:
            raise ValueError(f"found {target.server} of {same.name} again as {target.name}, wanted: each host once")
        known[target.name] = target
    return targets


class PlatformSpec(Spec):
    """Where machines come from: made on a host, existing, or both."""

    vsphere: (
        Annotated[
            Annotated[VsphereSpec, Tag(ONE)]
            | Annotated[tuple[NamedVsphereSpec, ...], Field(strict=False), AfterValidator(_told_apart), Tag(SEVERAL)],
            ONE_OR_SEVERAL,
        ]
        | None
    ) = Field(default=None, description="the ESXi host, or a list of several, each with a name")
    existing: ExistingSpec | None = Field(
        default=None, description="machines that exist; all others are made on vsphere"
    )

    @model_validator(mode="after")
    def _some_machines(self) -> "PlatformSpec":
        if self.vsphere is None and self.existing is None:
            raise ValueError("found nothing, wanted: vsphere, the ESXi host, or existing, machines that exist, or both")
        return self

    @property
    def targets(self) -> tuple[VsphereSpec, ...]:
        """All targets in the order of the file."""
        if isinstance(self.vsphere, tuple):
            return self.vsphere
        return () if self.vsphere is None else (self.vsphere,)

    def path(self, index: int) -> str:
        """Where the target at `index` of `targets` stands in the site file."""
        return f"platform/vsphere/{index}" if isinstance(self.vsphere, tuple) else "platform/vsphere"
