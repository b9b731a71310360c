"""gVisor: pods on a kernel that is a program, runsc, by its platform systrap, which needs no hardware. Pure."""

import tomli_w

from components.guest_file import GuestFile
from components.records.handler import Entry, Evidence, Handler, Overhead, Program, Variant
from components.records.release import Download, by_version
from components.records.traces import Traces
from components.step import read_script

FOLDER = "/opt/gvisor"
RUNSC, SHIM = f"{FOLDER}/runsc", f"{FOLDER}/containerd-shim-runsc-v1"
# Since 2026 a release is an archive: runsc starts its parts in gvisor-bin, beside itself.
SENTRY = f"{FOLDER}/gvisor-bin/gvisor_sentry"
SHIM_SETTINGS = "/etc/containerd/runsc.toml"
CRIO_FOLDER = "/usr/local/libexec/kubelab-gvisor"
CRIO_SHIM = f"{CRIO_FOLDER}/containerd-shim-runsc-v2"
CRIO_SETTINGS = "/etc/crio/runsc.toml"

RELEASES = (
    Download(
        version="20260928.0",
        path="storage.googleapis.com/gvisor/releases/release/20260928.0/x86_64/gvisor.tar.bz2",
        sha256=(),
        # gvisor.tar.bz2.sha512 beside it
        sha512=(
            "c8d3a9fd4d4c4f5b8ff213caa4517356be128d18659ec4cde37828fe797f61a9"
            "725a602a846c81a8ed19c057a996515d31c081eba343ed4613a89951ba32ed59",
        ),
    ),
)


def render_shim_settings(*, grouping: bool = False) -> str:
    """What the shim starts runsc with; the names of pods' cgroups are systemd's, of slices and scopes.

    `grouping`: one shim for all containers of a pod, as CRI-O calls it (gVisor's user guide, CRI-O).
    """
    runsc = {"platform": "systrap", "systemd-cgroup": "true"}
    return tomli_w.dumps({"binary_name": RUNSC, **({"grouping": True} if grouping else {}), "runsc_config": runsc})


HANDLER = Handler(
    name="gvisor",
    about="pods on gVisor, a kernel that is a program; needs no hardware virtualization",
    packages=("bzip2",),
    releases=by_version(RELEASES),
    folder=FOLDER,
    disk_gib=1,
    variants={
        "": Variant(
            name="",
            about="",
            entries={
                "containerd": Entry(
                    {
                        "runtime_type": "io.containerd.runsc.v1",
                        # The shim lies outside of PATH, where a name alone would be looked up.
                        "runtime_path": SHIM,
                        "options": {"TypeUrl": "io.containerd.runsc.v1.options", "ConfigPath": SHIM_SETTINGS},
                    },
                    files=(GuestFile(SHIM_SETTINGS, render_shim_settings()),),
                ),
                # By the shim. As an OCI runtime a sandbox starts, and no container in it: conmon waits for a child of
                # its own, and is told the sandbox's process (tried with CRI-O 1.36.3).
                "crio": Entry(
                    {
                        "runtime_path": CRIO_SHIM,
                        "runtime_type": "vm",
                        "runtime_root": "/run/runsc",
                        "runtime_config_path": CRIO_SETTINGS,
                    },
                    files=(
                        GuestFile(CRIO_SETTINGS, render_shim_settings(grouping=True)),
                        GuestFile(CRIO_SHIM, read_script("installed/containerd-shim-runsc-v2.sh"), "0755"),
                    ),
                ),
            },
            programs=(Program(RUNSC), Program(SHIM, "-v")),
            files=(SENTRY,),
            evidence=Evidence(
                own_kernel=True, kernel="gvisor", messages="gVisor", process="(runsc|gvisor)[-_]s(andbox|entry)"
            ),
            # Of its kernel and of the process that opens files for it; upstream names no figure.
            overhead=Overhead(memory="64Mi"),
        )
    },
    traces=Traces(
        path=(FOLDER, CRIO_FOLDER, "/run/runsc", "/run/containerd/runsc"),
        process=("runsc-sandbox", "runsc-gofer", "gvisor_sentry"),
    ),
)
