"""Handler: a low-level runtime beside a container runtime's own, whichever it is. Each has one file in handlers/.

Its name is the user's word, the RuntimeClass, its handler in the container runtime's configuration, and the end of the
label of its nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from components.guest_file import GuestFile
from components.records.release import Download
from components.records.traces import Traces

HANDLER_DOMAIN = "handler.kubelab.dev"
"""The domain of the labels by which pods of a RuntimeClass find the nodes with its handler."""


@dataclass(frozen=True, slots=True)
class Overhead:
    """What a pod takes beside its containers, as quantities: `memory` such as `320Mi`; an empty `cpu` is none."""

    memory: str
    cpu: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the kernel, and the device that shows that it is there."""

    name: str
    device: str


@dataclass(frozen=True, slots=True)
class Program:
    """A program by its path on a node, and the argument with which it is run once before anything uses it."""

    path: str
    argument: str = "--version"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a container runtime's configuration says of a handler.

    `table` stands at the handler's name, `files` are read by what it names.
    """

    table: Mapping[str, object]
    files: tuple[GuestFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """By what a running pod shows that the handler runs it; expressions are extended regular ones.

    `kernel` is what /proc/version says inside, `own_kernel` whether its release is another than the node's, `messages`
    what the kernel's log has inside; `process` is the name of a process on the node that has the pod's ID among its
    arguments. Empty where there is nothing to be seen.
    """

    own_kernel: bool
    kernel: str = ""
    messages: str = ""
    process: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which a handler runs pods.

    `name` is the user's word for its hypervisor, empty where there is no choice; `about` explains it in a few more.
    `entries` are by the words of the container runtimes that can carry it. `programs` are run once, `files` are what
    is read of an archive besides; both are there before an entry names them.
    """

    name: str
    about: str
    entries: Mapping[str, Entry]
    programs: tuple[Program, ...]
    evidence: Evidence
    overhead: Overhead | None = None
    files: tuple[str, ...] = ()
    modules: tuple[Module, ...] = ()


@dataclass(frozen=True, slots=True)
class Handler:
    """One handler.

    `about` explains it to users. `releases` by version, the default first, are archives whose folder `inside` becomes
    `folder`; none where the guest system's `packages` are all. `variants` by their names,
    the default first. `needs_kvm`: virtual machines must run on the node. `kubelet` are settings that its nodes need
    where a user says nothing else, `disk_gib` the free disk that it takes, `traces` what it leaves on a machine.
    """

    name: str
    about: str
    variants: Mapping[str, Variant]
    packages: tuple[str, ...]
    traces: Traces
    releases: Mapping[str, Download] = field(default_factory=dict)
    folder: str = ""
    inside: str = ""
    needs_kvm: bool = False
    disk_gib: int = 0
    kubelet: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The key of the label that a node with the handler has, with the value `true`."""
        return f"{HANDLER_DOMAIN}/{self.name}"

    @property
    def runtimes(self) -> tuple[str, ...]:
        """The words of the container runtimes that can carry it."""
        return tuple(sorted(set.intersection(*(set(each.entries) for each in self.variants.values()))))
