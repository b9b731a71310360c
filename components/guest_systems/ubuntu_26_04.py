"""Ubuntu 26.04, Resolute Raccoon: chrony keeps the time, sudo is sudo-rs, and AppArmor breaks some pods."""

from components.guest_families.ubuntu import CHRONY, ubuntu

_DENIED = (
    "the default profile of {} stops what processes of a pod send each other (signals, ptrace): pods that run systemd, "
    "and some programs under kubectl exec ({}); set securityContext: {{appArmorProfile: {{type: Unconfined}}}} on such "
    "pods, or use an image of ubuntu-24.04"
)

GUEST_SYSTEM = ubuntu(
    "26.04",
    "resolute",
    time_service=CHRONY,
    # Docker builds no older ones for it.
    first_versions={"docker": "29.1.3"},
    # Its kernel's AppArmor names a process in a pod with //&unconfined behind the profile, which no rule of these fits.
    known_faults={
        "containerd": _DENIED.format("containerd", "containerd/containerd#12886"),
        "crio": _DENIED.format("CRI-O", "cri-o/cri-o#10036"),
    },
)
