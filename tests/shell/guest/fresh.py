"""What a machine has before any step."""

NODE_FILES = {
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
    "etc/hostname": "w1\n",
    "etc/machine-id": "11111111111111111111111111111111\n",
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
    "etc/group": "root:x:0:\n",
    "etc/fstab": "UUID=1 / ext4 defaults 0 1\n",
    "etc/apt/sources.list": "deb http://archive.example/debian bookworm main\n",
    "kernel/cpuinfo": "flags\t\t: fpu vmx sse\n",
    "kernel/meminfo": "MemTotal:        2048000 kB\n",
    "kernel/filesystems": "nodev\toverlay\n\text4\n",
    "etc/ssl/certs/ca-certificates.crt": "authorities of the system\n",
    "etc/resolv.conf": "nameserver 10.87.0.1\n",
    "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids\n",
    "kernel/1/comm": "systemd\n",
    "kernel/1/cgroup": "0::/\n",
    "kernel/1/cmdline": "",
    "kernel/sys/net/bridge/bridge-nf-call-iptables": "1\n",
    "dev/kvm": "",
    "dev/null": "",
    "dev/urandom": "",
}


FACTS = {"address": "10.87.0.11", "cpus": "2", "disk": "8", "route-default": "default via 10.87.0.1 dev eth0"}
