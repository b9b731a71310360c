"""What a kubelet needs of the operating system, as files: pure data."""

from components.guest_file import GuestFile

MODULES = ("overlay", "br_netfilter")

# The kubelet's own demands (panic, overcommit), kube-proxy's and the pod network's (forwarding, bridge), and room for
# the watches of many pods.
SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
    "vm.overcommit_memory": "1",
    "kernel.panic": "10",
    "kernel.panic_on_oops": "1",
    "fs.inotify.max_user_watches": "1048576",
    "fs.inotify.max_user_instances": "8192",
}


def files() -> list[GuestFile]:
    """The files that make the settings last over a reboot."""
    return [
        GuestFile("/etc/modules-load.d/kubelab.conf", "".join(f"{module}\n" for module in MODULES)),
        # Read after all whose names begin with a digit: Debian's 99-sysctl.conf is /etc/sysctl.conf.
        GuestFile("/etc/sysctl.d/zz-kubelab.conf", "".join(f"{name} = {value}\n" for name, value in SYSCTLS.items())),
    ]
