"""Kata Containers: each pod in a virtual machine of its own, by runtime-rs. Pure.

Figures are those of upstream's kata-deploy and its tests.
"""

from components.records.handler import Entry, Evidence, Handler, Module, Overhead, Program, Variant
from components.records.release import Download, by_version
from components.records.traces import Traces

FOLDER = "/opt/kata"
SHIM = f"{FOLDER}/runtime-rs/bin/containerd-shim-kata-v2"
SETTINGS = f"{FOLDER}/share/defaults/kata-containers/runtime-rs"
_ARCHIVE = "github.com/kata-containers/kata-containers/releases/download"

RELEASES = (
    Download(
        version="4.2.0",
        path=f"{_ARCHIVE}/4.2.0/kata-static-4.2.0-amd64.tar.zst",
        sha256=("b828904fa3f1e49ddd7dc799c72cb1503cd1e772d354c3987c8d4189b2a623a8",),
    ),
    Download(
        version="4.1.0",
        path=f"{_ARCHIVE}/4.1.0/kata-static-4.1.0-amd64.tar.zst",
        sha256=("3dc6b69c4acb787b967b04b64599a20d02a8beb1a8eaab3084110df9d0b08c96",),
    ),
)


def entries(settings: str) -> dict[str, Entry]:
    """The handler in each container runtime's words; `settings` is the path of its own configuration.

    The path is named, since the shim would else read /etc/kata-containers/configuration.toml if that is there. A
    privileged container gets no devices of the node, which its machine would have to be given.
    """
    return {
        "containerd": Entry(
            {
                "runtime_type": "io.containerd.kata.v2",
                "runtime_path": SHIM,
                "privileged_without_host_devices": True,
                "pod_annotations": ["io.katacontainers.*"],
                "options": {"ConfigPath": settings},
            }
        ),
        "crio": Entry(
            {
                "runtime_path": SHIM,
                "runtime_type": "vm",
                "runtime_root": "/run/vc",
                "runtime_config_path": settings,
                "privileged_without_host_devices": True,
            }
        ),
    }


def _variant(name: str, about: str, settings: str, hypervisor: str, overhead: Overhead, *modules: Module) -> Variant:
    file = f"{SETTINGS}/{settings}"
    return Variant(
        name=name,
        about=about,
        entries=entries(file),
        programs=(Program(SHIM), Program(f"{FOLDER}/bin/{hypervisor}")),
        files=(file,),
        evidence=Evidence(own_kernel=True, process=hypervisor),
        overhead=overhead,
        modules=modules,
    )


HANDLER = Handler(
    name="kata",
    about="each pod in a virtual machine of Kata Containers; needs nested virtualization",
    packages=("zstd",),
    releases=by_version(RELEASES),
    folder=FOLDER,
    inside="opt/kata",
    needs_kvm=True,
    disk_gib=5,
    variants={
        "qemu": _variant(
            "qemu",
            "by QEMU",
            "configuration-qemu-runtime-rs.toml",
            "qemu-system-x86_64",
            Overhead(memory="320Mi", cpu="250m"),
            # The way between QEMU's guest and the node. VMware's own vsock goes from the node outwards, and stays.
            Module("vhost_vsock", "/dev/vhost-vsock"),
            Module("vhost_net", "/dev/vhost-net"),
        ),
        # Its way to the guest is a Unix socket.
        "cloud-hypervisor": _variant(
            "cloud-hypervisor",
            "by Cloud Hypervisor, where QEMU's guests do not run under the ESXi host",
            "configuration-clh-runtime-rs.toml",
            "cloud-hypervisor",
            Overhead(memory="130Mi", cpu="250m"),
            Module("vhost_net", "/dev/vhost-net"),
        ),
    },
    # A machine boots before its first container does.
    kubelet={"runtimeRequestTimeout": "10m0s"},
    traces=Traces(
        path=(FOLDER, "/run/kata", "/run/vc", "/run/kata-containers"),
        process=("qemu-system-x86", "cloud-hyperviso", "virtiofsd"),
    ),
)
