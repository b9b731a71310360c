"""What a user may write of servers in place of upstream's, and of the keys by which packages are trusted."""

from typing import Annotated

from pydantic import AfterValidator, Field, Tag

from components.guest_systems import GUEST_SYSTEMS
from config import wishes
from config.forms import OTHER, TEXT, TEXT_OR_OTHER
from config.model import Spec
from config.problems import one_of
from config.values import FilePath, HttpsUrl, KeyFingerprint, MirroredPath, RegistryHost, RegistryMirror, Sha256


def _system_id(value: str) -> str:
    known = sorted({system.id for system in GUEST_SYSTEMS.values()})
    if value in known:
        return value
    raise ValueError(one_of(value, known))


SystemId = Annotated[str, AfterValidator(_system_id)]
DockerMirror = Annotated[
    Annotated[HttpsUrl, Tag(TEXT)] | Annotated[dict[SystemId, HttpsUrl], Tag(OTHER)], TEXT_OR_OTHER
]


class AptMirrorsSpec(Spec):
    """Package repositories in place of the upstream ones."""

    kubernetes: HttpsUrl | None = Field(default=None, description="in place of pkgs.k8s.io")
    docker: DockerMirror | None = Field(
        default=None,
        description="in place of download.docker.com/linux/debian or /ubuntu: one for all nodes, or by that last name",
    )
    crio: HttpsUrl | None = Field(default=None, description="in place of download.opensuse.org/repositories")
    debian: HttpsUrl | None = Field(default=None, description="in place of Debian's archive")
    ubuntu: HttpsUrl | None = Field(default=None, description="in place of Ubuntu's archive, its updates among it")


class PackageKeysSpec(Spec):
    """Fingerprints of the keys that package repositories are signed with, in place of those that kubelab knows."""

    kubernetes: KeyFingerprint | None = Field(default=None, description="of Kubernetes' packages")
    docker: KeyFingerprint | None = Field(default=None, description="of Docker's packages, containerd.io among them")
    crio: KeyFingerprint | None = Field(default=None, description="of CRI-O's packages, of which kubelab knows none")
    debian: KeyFingerprint | None = Field(default=None, description="of mirrors/apt/debian")
    ubuntu: KeyFingerprint | None = Field(
        default=None, description="of mirrors/apt/ubuntu, if that is signed anew; default: Ubuntu's, which images have"
    )


class MirrorsSpec(Spec):
    """Where machines fetch from instead of the internet."""

    refused_keys = wishes.MIRRORS

    ca_file: FilePath | None = Field(default=None, description="PEM file of the mirrors' certificate authority")
    apt: AptMirrorsSpec = Field(default=AptMirrorsSpec(), description="package repositories")
    registries: dict[RegistryHost, RegistryMirror] = Field(
        default_factory=dict, description="image registries by the name they stand in for, under this caFile"
    )
    files: HttpsUrl | None = Field(default=None, description="a file server; the upstream host is the first directory")
    checksums: dict[MirroredPath, Sha256] = Field(
        default_factory=dict, description="SHA-256 sums of files that kubelab has none of, by their path below files"
    )
