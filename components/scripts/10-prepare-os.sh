#!/usr/bin/env bash
# Makes the operating system fit for a kubelet, so that it stays so over a reboot: modules, kernel settings, swap, the
# mirrors' authority, apt's sources with their keys; and the names of all nodes in /etc/hosts, where the site wants that.
# library: apt.sh
# library: keyrings.sh
# library: kernel_settings.sh
# library: swap.sh
# library: ownership.sh
# library: in-image.sh
# library: hosts.sh
: "${NODE_NAME:?name of the node}"
: "${FILES:?modules-load.d, sysctl.d and apt files, in the form of write_files}"
: "${APT_KEYS:?lines of: keyring path, URL of the key, fingerprint or -}"
: "${MIRROR_CA?PEM text of the authority of the mirrors; empty: none}"
: "${PROGRAMS:?lines of: package of the system, and the programs of it that steps call}"
: "${SWAP:?off, or keep where the kubelet bears it}"
: "${HOSTS?lines of: address and name of a node of the lab, to be kept in /etc/hosts; empty: none}"
: "${ONLY_MIRRORS:?true when apt asks nothing but the mirrors}"

load_modules() {
  local module
  for module in overlay br_netfilter; do
    # A kernel may have it built in; the proof is what it provides, below.
    modprobe "$module" 2>/dev/null || true
  done
  [[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] ||
    fail "loading br_netfilter on $NODE_NAME: /proc/sys/net/bridge is missing; install the kernel's extra modules"
  grep -qw overlay /proc/filesystems || fail "loading overlay on $NODE_NAME: not in /proc/filesystems"
}

trust_mirror_authority() {
  local file=/usr/local/share/ca-certificates/kubelab-mirror.crt before=${files_written:?}
  [[ -n $MIRROR_CA || -f $file ]] || return 0
  if [[ -n $MIRROR_CA ]]; then write_file 0644 "$file" "$MIRROR_CA"; else rm -f "$file"; fi
  if [[ -s /etc/ssl/certs/ca-certificates.crt ]] && ((files_written == before)) && is_applied mirror-ca "$MIRROR_CA"; then return 0; fi
  rm -f /etc/kubelab/applied/mirror-ca
  update-ca-certificates >/dev/null
  mark_applied mirror-ca "$MIRROR_CA"
}

# In an air-gapped lab a source that cannot answer would fail every apt-get update.
set_other_sources_aside() {
  [[ $ONLY_MIRRORS == true ]] || return 0
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    case $file in */kubelab-* | *.kubelab-disabled) continue ;; esac
    [[ ! -f $file ]] || mv "$file" "$file.kubelab-disabled"
  done
}

# What steps call and the image lacks, each with its package.
missing_programs() {
  local package programs program
  while read -r package programs; do
    for program in $programs; do command -v "$program" >/dev/null || printf '%s (package %s)\n' "$program" "$package"; done
  done <<<"$PROGRAMS"
}

# require PATTERN WHY: what of these programs is not there is asked for by name.
require() {
  local missing
  missing=$(missing_programs | grep -E "$1" | paste -sd ',' | sed 's/,/, /g') || return 0
  fail "looking for the programs that steps call on $NODE_NAME: there is no $missing, $2"
}

# install_programs: from the sources that the machine has now.
install_programs() {
  local packages
  mapfile -t packages < <(missing_programs | sed -E 's/.*\(package (.*)\)/\1/' | sort -u)
  ((${#packages[@]} > 0)) || return 0
  say "installing ${packages[*]}"
  apt_install "${packages[@]}" || fail_packages "installing ${packages[*]}"
  hash -r
  require . "also with that package installed; look at PATH: $PATH"
}

prepare_kernel() {
  load_modules
  apply_kernel_settings
  check_next_boot
  if [[ $SWAP == keep ]]; then restore_swap; else disable_swap; fi
}

main() {
  local before
  claim_node preparing
  is_image || keep_hosts "$HOSTS"
  if [[ $ONLY_MIRRORS == true ]]; then
    require '^(curl|update-ca-certificates) ' 'by which the mirrors are reached; use an image that has it'
  else
    install_programs
  fi
  trust_mirror_authority
  before=${files_written:?}
  own_files prepare-os "$FILES"
  is_image || prepare_kernel
  set_other_sources_aside
  fetch_keys "$APT_KEYS"
  if ((files_written > before)) || ! is_applied apt-sources "${FILES@Q} ${APT_KEYS@Q}"; then
    rm -f /etc/kubelab/applied/apt-sources
    refresh_lists || fail_packages 'reading the package lists'
    mark_applied apt-sources "${FILES@Q} ${APT_KEYS@Q}"
  fi
  install_programs
}

main </dev/null
