#!/usr/bin/env bash
# enter-guest.sh ROOT COMMAND...: runs COMMAND with ROOT as its root directory. Of the machine it sees the programs,
# read-only, and no other process; all it can write is ROOT. To be called inside
# `unshare --mount --uts --net --pid --cgroup --fork`. Status 97: there is no entering.
set -euo pipefail
trap 'echo "entering the guest: line $LINENO of enter-guest.sh failed" >&2; exit 97' ERR
root=$1
shift

for directory in usr bin sbin lib lib32 lib64 libx32; do
  [[ -L $root/$directory || ! -d $root/$directory ]] || mount -o bind,ro "/$directory" "$root/$directory"
done
mount --bind "$root/local" "$root/usr/local"
mount -t proc -o ro proc "$root/proc"
for file in cpuinfo meminfo filesystems 1/comm 1/cgroup 1/cmdline sys/net; do
  mount --bind "$root/kernel/$file" "$root/proc/$file"
done
for device in null urandom; do
  mount --bind "/dev/$device" "$root/dev/$device"
done
# Any character device will do: a step only looks whether it is one.
[[ ! -e $root/dev/kvm ]] || mount --bind /dev/null "$root/dev/kvm"
hostname --file "$root/etc/hostname"

trap - ERR
# Not by exec: the first process of a namespace of processes cannot be killed from inside.
status=0
chroot "$root" "$@" || status=$?
exit "$status"
