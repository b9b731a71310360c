"""The control plane's components as a user writes them: arguments, and the files that arguments name."""

from typing import Annotated

from pydantic import AfterValidator, Field

from config.declared.files import ComponentFiles
from config.model import Spec
from config.passthrough import check_api_server, check_controller_manager, check_etcd, check_scheduler
from config.values import ArgumentName, CertificateName


class ExtraArgSpec(Spec):
    """An argument of a component, as kubeadm writes it."""

    name: ArgumentName = Field(description="the argument's name, without dashes")
    value: str = Field(description="its value, always a text")


_Arguments = Annotated[tuple[ExtraArgSpec, ...], Field(strict=False)]
_DESCRIPTION = "arguments added to those that kubeadm gives it"


def _files(folder: str) -> str:
    return f"files that its arguments name, each as /etc/kubernetes/{folder}/ and its name here"


class ApiServerSpec(Spec):
    """The API server."""

    extra_args: Annotated[_Arguments, AfterValidator(check_api_server)] = Field(default=(), description=_DESCRIPTION)
    cert_sans: Annotated[tuple[CertificateName, ...], Field(strict=False)] = Field(
        default=(), alias="certSANs", description="host names and IP addresses added to its certificate"
    )
    files: ComponentFiles = Field(default_factory=dict, description=_files("kube-apiserver"))


class ControllerManagerSpec(Spec):
    """The controller manager."""

    extra_args: Annotated[_Arguments, AfterValidator(check_controller_manager)] = Field(
        default=(), description=_DESCRIPTION
    )
    files: ComponentFiles = Field(default_factory=dict, description=_files("kube-controller-manager"))


class SchedulerSpec(Spec):
    """The scheduler."""

    extra_args: Annotated[_Arguments, AfterValidator(check_scheduler)] = Field(default=(), description=_DESCRIPTION)
    files: ComponentFiles = Field(default_factory=dict, description=_files("kube-scheduler"))


class EtcdSpec(Spec):
    """The control plane's own etcd."""

    extra_args: Annotated[_Arguments, AfterValidator(check_etcd)] = Field(default=(), description=_DESCRIPTION)
