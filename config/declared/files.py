"""Files that a user declares for nodes and for components of the control plane: what may be written, and where to."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from components.handlers import HANDLERS
from config.model import Spec
from config.values import FilePath

LARGEST_FILE = 65_536  # bytes
LARGEST_FILES = 262_144
"""Bytes of all files of one node, or of one component, together: they stand in the stack's state."""

_LONGEST_PATH = 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ROOTS = ("/etc", "/home", "/opt", "/root", "/srv", "/usr/local", "/var/lib", "/var/local")
_KUBELAB = "kubelab writes there itself"
_LOGINS = "which decides who may log in; write keys as ssh/authorizedKeys of the site"
_SYSTEM = "which the system itself writes"
_OWNED = {
    "/etc/kubelab": _KUBELAB,
    "/etc/kubernetes": "kubeadm writes there; files of the control plane's components stand below apiServer/files, "
    "controllerManager/files and scheduler/files",
    "/var/lib/kubelet": "the kubelet and kubeadm write there; its settings stand below kubelet",
    "/var/lib/etcd": "etcd writes there",
    "/etc/systemd/system/kubelet.service": "the kubelet's settings stand below kubelet",
    "/etc/systemd/system/kubelet.service.d": "the kubelet's settings stand below kubelet",
    "/etc/default/kubelet": "the kubelet's settings stand below kubelet",
    "/etc/cni": "the pod network writes there",
    "/var/lib/cni": "the pod network writes there",
    "/opt/cni": "the pod network writes there",
    "/etc/crictl.yaml": _KUBELAB,
    **dict.fromkeys(("/etc/containerd", "/etc/containers", "/etc/crio", "/etc/docker"), _KUBELAB),
    **dict.fromkeys(("/var/lib/containerd", "/var/lib/containers", "/var/lib/docker"), "the container runtime's own"),
    **{each.folder: _KUBELAB for each in HANDLERS.values() if each.folder},
    "/etc/apt": "mirrors/apt of the site says where packages come from",
    "/var/lib/apt": _SYSTEM,
    "/var/lib/dpkg": _SYSTEM,
    **{f"/usr/local/bin/{name}": "the package brings it" for name in ("crictl", "kubeadm", "kubectl", "kubelet")},
    "/var/lib/cloud": _SYSTEM,
    "/var/lib/systemd": _SYSTEM,
    **dict.fromkeys(
        ("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/pam.d", "/etc/security"), _LOGINS
    ),
    **dict.fromkeys(("/etc/sudoers", "/etc/sudoers.d", "/etc/ssh", "/root/.ssh"), _LOGINS),
    **dict.fromkeys(("/etc/fstab", "/etc/hostname", "/etc/machine-id", "/etc/os-release"), _SYSTEM),
    **dict.fromkeys(("/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.cache"), _SYSTEM),
}
_SSH_FOLDER = re.compile(r"/home/[^/]+/\.ssh")
_COMPONENT_FILE = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")


def _guest_path(value: str) -> str:
    parts = value.split("/")
    if not value.startswith("/") or not all(parts[1:]) or {".", ".."} & set(parts):
        raise ValueError("wanted: the whole path of a file on the machine, such as /etc/profile.d/proxy.sh")
    if len(value) > _LONGEST_PATH or any(len(part.encode()) > 255 for part in parts):
        raise ValueError(f"of {len(value)} characters, allowed: {_LONGEST_PATH}, 255 bytes for each name in it")
    if _CONTROL.search(value) or any(part != part.strip() for part in parts):
        raise ValueError("wanted: a path without control characters, and without blanks around a name")
    if not any(value.startswith(f"{root}/") for root in _ROOTS):
        raise ValueError(f"allowed: a file below {', '.join(_ROOTS)}")
    owned = next((folder for folder in _OWNED if value == folder or value.startswith(f"{folder}/")), None)
    if owned:
        raise ValueError(f"not to be written: {_OWNED[owned]}; remove it")
    if _SSH_FOLDER.match(value):
        raise ValueError(f"not to be written: {_LOGINS}; remove it")
    if "kubelab" in parts[-1]:
        raise ValueError("not to be written: files with kubelab in their names are kubelab's own; choose another")
    return value


def _component_file(value: str) -> str:
    if _COMPONENT_FILE.fullmatch(value):
        return value
    name = value.rpartition("/")[2].lower()
    hint = f", for example {name}" if _COMPONENT_FILE.fullmatch(name) else ""
    raise ValueError(f"wanted: the name of a file, lower case letters, digits, - _ ., without its folder{hint}")


def _mode(value: str) -> str:
    if not re.fullmatch(r"0?[0-7]{3}", value):
        raise ValueError('wanted: three octal digits, such as "0644" (in quotes)')
    if int(value, 8) & 0o022:
        raise ValueError("which lets others than root write the file; wanted: a mode such as 0644, 0600 or 0755")
    return f"{int(value, 8):04o}"


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("wanted: a text without NUL")
    if len(value.encode(errors="surrogatepass")) > LARGEST_FILE:
        raise ValueError(f"of {len(value)} characters, allowed: {LARGEST_FILE} bytes")
    return value


class ContentSpec(Spec):
    """What a file holds; a newline is added where there is none at its end."""

    content: Annotated[str, AfterValidator(_text)] | None = Field(default=None, description="the file's text")
    source: FilePath | None = Field(
        default=None, description="in place of content: a text file here, its path relative to the stack file"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> "ContentSpec":
        if (self.content is None) == (self.source is None):
            found = "neither content nor source" if self.content is None else "content and source"
            raise ValueError(f"found {found}, allowed: one of them")
        return self


class NodeFileSpec(ContentSpec):
    """A file of a node."""

    mode: Annotated[str, AfterValidator(_mode)] | None = Field(
        default=None, description='its mode, as chmod takes it; default: "0644", of a secret "0600"'
    )
    secret: bool = Field(
        default=False, description="whether its text is kept out of previews and encrypted in the state"
    )


NodeFiles = dict[Annotated[str, AfterValidator(_guest_path)], NodeFileSpec]
ComponentFiles = dict[Annotated[str, AfterValidator(_component_file)], ContentSpec]
