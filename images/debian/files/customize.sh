#!/usr/bin/env bash
# Turns a fresh root file system into that of an image: mmdebstrap calls it with the root file system's directory.
set -euo pipefail

: "${KUBELAB_IMAGE_FILES:?directory that holds the files to install}"
: "${KUBELAB_IMAGE_SUITE:?code name of the release}"
: "${KUBELAB_IMAGE_ROOT:?UUID of the root file system}"
: "${KUBELAB_IMAGE_ROOT_PARTITION:?UUID of its partition}"
: "${KUBELAB_IMAGE_ESP_PARTITION:?UUID of the EFI system partition}"

# place MODE FILE TARGET: installs a file with what is between @ filled in.
place() {
  install -D -m "$1" /dev/null "$3"
  sed -e "s/@SUITE@/$KUBELAB_IMAGE_SUITE/g" -e "s/@ROOT@/$KUBELAB_IMAGE_ROOT/g" \
    -e "s/@ROOT_PARTITION@/$KUBELAB_IMAGE_ROOT_PARTITION/g" -e "s/@ESP_PARTITION@/$KUBELAB_IMAGE_ESP_PARTITION/g" \
    "$KUBELAB_IMAGE_FILES/$2" >"$3"
}

# put TEXT TARGET
put() {
  install -D -m 0644 /dev/null "$2"
  printf '%s\n' "$1" >"$2"
}

# As the configuration space of Debian's cloud images has it.
configure_as_debian() {
  local root=$1
  place 0644 fstab "$root/etc/fstab"
  place 0644 hosts "$root/etc/hosts"
  place 0644 cloud.cfg "$root/etc/cloud/cloud.cfg.d/01_debian_cloud.cfg"
  put 'LANG=C.UTF-8' "$root/etc/default/locale"
  put 'do_symlinks = no' "$root/etc/kernel-img.conf"
  put $'blacklist pcspkr\nblacklist floppy' "$root/etc/modprobe.d/blacklist.conf"
  put 'GRUB_TIMEOUT=0' "$root/etc/default/grub.d/15_timeout.cfg"
  put $'GRUB_DISABLE_LINUX_UUID=true\nGRUB_DISABLE_LINUX_PARTUUID=' "$root/etc/default/grub.d/10_cloud.cfg"
  sed -i -e 's/^#\?PasswordAuthentication .*/PasswordAuthentication no/' \
    -e 's/^#\?PermitRootLogin .*/PermitRootLogin prohibit-password/' "$root/etc/ssh/sshd_config"
  printf 'ClientAliveInterval 120\n' >>"$root/etc/ssh/sshd_config"
  chroot "$root" systemctl enable systemd-networkd.service systemd-resolved.service
}

# What Debian's images have not: where cloud-init looks for its data.
configure_cloud_init() {
  place 0644 datasources.cfg "$1/etc/cloud/cloud.cfg.d/95_kubelab_datasources.cfg"
  place 0644 ds-identify.cfg "$1/etc/cloud/ds-identify.cfg"
}

# By BIOS: boot.img and core.img, which the disk gets from here, and the modules that go with them. By UEFI: the signed
# shim and GRUB, which read grub.cfg from the folder that Debian built them for.
install_boot_loader() {
  local root=$1 modules=/boot/grub/i386-pc esp=$1/boot/efi/EFI
  install -d "$root$modules" "$root/boot/grub/fonts" "$esp/BOOT" "$esp/debian"
  cp "$root"/usr/lib/grub/i386-pc/*.{mod,lst} "$root/usr/lib/grub/i386-pc/boot.img" "$root$modules"
  cp "$root/usr/share/grub/unicode.pf2" "$root/boot/grub/fonts"
  place 0644 grub-find-root.cfg "$root/tmp/find-root.cfg"
  chroot "$root" grub-mkimage --format i386-pc --prefix /boot/grub --config /tmp/find-root.cfg \
    --output "$modules/core.img" biosdisk part_gpt ext2 search_fs_uuid
  cp "$root/usr/lib/shim/shimx64.efi.signed" "$esp/BOOT/BOOTX64.EFI"
  cp "$root/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" "$esp/BOOT/grubx64.efi"
  place 0644 grub-efi.cfg "$esp/debian/grub.cfg"
  rm "$root/tmp/find-root.cfg"
}

# The menu is made by Debian's own program, as after each later change of the kernel.
write_boot_menu() {
  local root=$1 stand_in=$1/run/kubelab
  place 0755 grub-probe.sh "$stand_in/grub-probe"
  # shellcheck disable=SC2016 # for the program that reads it
  put 'export grub_probe=/run/kubelab/grub-probe
. /usr/lib/grub/grub-mkconfig_lib' "$stand_in/grub-mkconfig_lib"
  chroot "$root" env pkgdatadir=/run/kubelab grub-mkconfig -o /boot/grub/grub.cfg
  grep -q "root=PARTUUID=$KUBELAB_IMAGE_ROOT_PARTITION" "$root/boot/grub/grub.cfg"
  rm -r "$stand_in"
}

# Installing cannot reach the folder of the mirrors before: apt here asks other places.
replace_sources() {
  local root=$1
  rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*
  put 'https://deb.debian.org/debian' "$root/etc/apt/mirrors/debian.list"
  put 'https://deb.debian.org/debian-security' "$root/etc/apt/mirrors/debian-security.list"
  put '# See /etc/apt/sources.list.d/debian.sources' "$root/etc/apt/sources.list"
  place 0644 debian.sources "$root/etc/apt/sources.list.d/debian.sources"
  rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
}

main() {
  configure_as_debian "$1"
  configure_cloud_init "$1"
  replace_sources "$1"
  install_boot_loader "$1"
  write_boot_menu "$1"
  "$KUBELAB_IMAGE_FILES/clean-root.sh" "$1"
}

main "$@" </dev/null
