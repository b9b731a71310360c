"""What Debian's images are made of. Pure data.

The packages are those of Debian's own genericcloud image (config_space of the debian-cloud-images project: classes
SYSTEM_BOOT, CLOUD, GENERIC, LINUX_VARIANT_CLOUD, TIME_SYSTEMD, EXTRAS) and open-vm-tools, which it lacks: by it
cloud-init reads guestinfo and the host learns addresses.
"""

import uuid
from dataclasses import dataclass

_NAMES = uuid.UUID("6b756265-6c61-4b00-8000-696d61676573")
_BOOT = ("dosfstools", "grub-cloud-amd64", "grub-efi-amd64-signed", "linux-image-cloud-amd64", "shim-signed")
_SYSTEM = (
    *("apparmor", "apt-utils", "init", "iptables", "iputils-ping", "less", "libnss-myhostname", "libpam-systemd"),
    *("nano", "netbase", "netplan.io", "polkitd", "sudo", "systemd-resolved", "systemd-timesyncd"),
    *("unattended-upgrades", "vim-tiny", "whiptail", "zstd"),
)
_CLOUD = ("cloud-guest-utils", "cloud-init", "cloud-initramfs-growroot", "openssh-server", "ssh-import-id")
_EXTRAS = (
    *("apt-listchanges", "bash-completion", "bind9-host", "ca-certificates", "curl", "ethtool", "man-db", "manpages"),
    *("pciutils", "psmisc", "reportbug", "screen", "socat", "tcpdump", "traceroute", "uuid-runtime", "vim", "xz-utils"),
)
_VMWARE = ("open-vm-tools",)
_PACKAGES = (*_BOOT, *_SYSTEM, *_CLOUD, *_EXTRAS, *_VMWARE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One release: its word in a site file, its suite, and what the machine of the OVA is said to run."""

    system: str
    suite: str
    title: str
    packages: tuple[str, ...]

    def identity(self, of: str) -> uuid.UUID:
        """A UUID of the image: always the same for `disk`, `root`, `root-partition`, `esp-partition`..."""
        return uuid.uuid5(_NAMES, f"{self.system}/{of}")


# Of Debian 13's own image alone: resolution by name, and the defaults of sysctl that moved into a package.
_SINCE_13 = ("e2fsprogs", "libnss-resolve", "linux-sysctl-defaults")

RECIPES = (
    Recipe("debian-12", "bookworm", "Debian GNU/Linux 12 (64-bit)", tuple(sorted(_PACKAGES))),
    Recipe("debian-13", "trixie", "Debian GNU/Linux 13 (64-bit)", tuple(sorted((*_PACKAGES, *_SINCE_13)))),
)
