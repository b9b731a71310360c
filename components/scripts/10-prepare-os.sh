#!/usr/bin/env bash
# Makes the operating system fit for a kubelet, so that it stays so over a reboot: modules, kernel settings, swap, the
# mirrors' authority, apt's sources with their keys.
: "${NODE_NAME:?name of the node}"
: "${FILES:?modules-load.d, sysctl.d and apt files, in the form of write_files}"
: "${APT_KEYS:?lines of: keyring path, URL of the key, fingerprint or -}"
: "${MIRROR_CA?PEM text of the authority of the mirrors; empty: none}"
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

apply_sysctl() {
  local name wanted found
  while IFS=' =' read -r name wanted; do
    found=$(sysctl -n "$name")
    [[ $found == "$wanted" ]] || sysctl -q -w "$name=$wanted" >&2 ||
      fail "setting $name on $NODE_NAME: found $found, wanted $wanted"
  done < <(grep -v '^#' /etc/sysctl.d/99-kubelab.conf)
}

disable_swap() {
  if [[ -n $(swapon --noheadings --show) ]]; then
    say 'turning swap off'
    swapoff -a
  fi
  if grep -qE '^[^#].*[[:space:]]swap[[:space:]]' /etc/fstab 2>/dev/null; then
    sed -i -E 's/^([^#].*[[:space:]]swap[[:space:]].*)$/# kubelab: \1/' /etc/fstab
  fi
  [[ $(systemctl is-enabled swap.target 2>/dev/null) == masked ]] || systemctl mask --quiet swap.target
}

trust_mirror_authority() {
  [[ -n $MIRROR_CA ]] || return 0
  write_files "=== 0644 /usr/local/share/ca-certificates/kubelab-mirror.crt"$'\n'"$MIRROR_CA"
  [[ $files_changed == false ]] || update-ca-certificates >/dev/null
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

check_fingerprint() {
  local key=$1 url=$2 wanted=$3 found
  found=$(gpg --batch --show-keys --with-colons "$key" | awk -F: '/^fpr:/ {print $10; exit}')
  [[ $found == "$wanted" ]] ||
    fail "checking the package key $url on $NODE_NAME: found fingerprint ${found:-none}, wanted $wanted"
}

fetch_keys() {
  local keyring url fingerprint key
  key=$(mktemp)
  while read -r keyring url fingerprint; do
    [[ ! -s $keyring ]] || continue
    curl --fail --silent --show-error --location --retry 3 --max-time 60 --output "$key" "$url" ||
      fail "fetching the package key $url on $NODE_NAME: see curl's message above"
    [[ $fingerprint == - ]] || check_fingerprint "$key" "$url" "$fingerprint"
    install -D -m 0644 "$key" "$keyring"
    files_changed=true
  done <<<"$APT_KEYS"
  rm -f "$key"
}

main() {
  local sources_changed
  install -d -m 0755 /etc/kubelab
  write_files "=== 0644 /etc/kubelab/node"$'\n'"$NODE_NAME"
  trust_mirror_authority
  write_files "$FILES"
  sources_changed=$files_changed
  load_modules
  apply_sysctl
  disable_swap
  set_other_sources_aside
  fetch_keys
  if [[ $sources_changed == true || $files_changed == true || ! -e /etc/kubelab/apt-updated ]]; then
    rm -f /etc/kubelab/apt-updated
    apt-get -q -o DPkg::Lock::Timeout=300 -o APT::Update::Error-Mode=any update >&2
    touch /etc/kubelab/apt-updated
  fi
}

main </dev/null
