"""crun: an OCI runtime in C, the guest system's own package. No sandbox: its pods share the node's kernel. Pure."""

from components.records.handler import Entry, Evidence, Handler, Program, Variant
from components.records.traces import Traces

PROGRAM = "/usr/bin/crun"
# CRI-O's package keeps its monitor outside of PATH.
CRIO_MONITOR = "/usr/libexec/crio/conmon"

HANDLER = Handler(
    name="crun",
    about="containers by crun, on the node's kernel",
    packages=("crun",),
    variants={
        "": Variant(
            name="",
            about="",
            entries={
                # containerd's shim of runc runs any program that is called as runc is.
                "containerd": Entry(
                    {
                        "runtime_type": "io.containerd.runc.v2",
                        "options": {"BinaryName": PROGRAM, "SystemdCgroup": True},
                    }
                ),
                # Upstream's package has a crun of its own by this name, and runs ordinary pods with it: the guest
                # system's takes its place.
                "crio": Entry(
                    {
                        "runtime_path": PROGRAM,
                        "runtime_type": "oci",
                        "runtime_root": "/run/crun",
                        "monitor_path": CRIO_MONITOR,
                    }
                ),
            },
            programs=(Program(PROGRAM),),
            evidence=Evidence(own_kernel=False),
        )
    },
    # The record of installed packages knows the package, and a machine may have had it before.
    traces=Traces(path=("/run/crun",)),
)
