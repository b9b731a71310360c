#!/usr/bin/env bash
# Makes the operating system fit for a kubelet, so that it stays so over a reboot: modules, kernel settings, swap, the
# mirrors' authority, apt's sources with their keys.
# library: files.sh
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
    found=$(sysctl -n "$name" 2>&1) || fail "reading the kernel setting $name on $NODE_NAME: $found; use an image whose kernel has it"
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
  if [[ $(systemctl is-enabled swap.target 2>/dev/null) != masked ]]; then
    install -m 0644 /dev/null /etc/kubelab/masked-swap
    systemctl mask --quiet swap.target
  fi
}

trust_mirror_authority() {
  local file=/usr/local/share/ca-certificates/kubelab-mirror.crt
  [[ -n $MIRROR_CA || -f $file ]] || return 0
  if [[ -n $MIRROR_CA ]]; then write_file 0644 "$file" "$MIRROR_CA"; else rm -f "$file"; fi
  is_applied mirror-ca "$MIRROR_CA" || {
    rm -f /etc/kubelab/applied/mirror-ca
    update-ca-certificates >/dev/null
    mark_applied mirror-ca "$MIRROR_CA"
  }
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

# check_key FILE URL FINGERPRINT: "-" takes any key, of a mirror whose certificate was verified.
check_key() {
  local key=$1 url=$2 wanted=$3 found home
  grep -q 'BEGIN PGP PUBLIC KEY BLOCK' "$key" ||
    fail "checking the package key $url on $NODE_NAME: found no armoured OpenPGP key; open the address in a browser"
  [[ $wanted != - ]] || return 0
  # A home of its own, as gpg makes one and leaves it.
  home=$(mktemp -d)
  found=$(gpg --homedir "$home" --batch --show-keys --with-colons "$key" 2>/dev/null | awk -F: '/^fpr:/ {print $10; exit}') || found=''
  rm -rf "$home"
  [[ $found == "$wanted" ]] ||
    fail "checking the package key $url on $NODE_NAME: found fingerprint ${found:-none}, wanted $wanted"
}

fetch_keys() {
  local keyring url fingerprint key
  key=$(mktemp)
  while read -r keyring url fingerprint; do
    if [[ -s $keyring ]] && is_applied "${keyring##*/}" "$url $fingerprint"; then continue; fi
    curl --fail --silent --show-error --location --retry 3 --max-time 60 --output "$key" "$url" ||
      fail "fetching the package key $url on $NODE_NAME: see curl's message above"
    check_key "$key" "$url" "$fingerprint"
    install -D -m 0644 "$key" "$keyring"
    mark_applied "${keyring##*/}" "$url $fingerprint"
  done <<<"$APT_KEYS"
  rm -f "$key"
}

main() {
  [[ ! -f /etc/kubelab/reset-unfinished ]] ||
    fail "preparing $NODE_NAME: found a reset that did not finish; set onRuntimeChange: resetNode until it did, or run: pulumi up --replace '**VirtualMachine::$NODE_NAME'"
  install -d -m 0755 /etc/kubelab
  write_file 0644 /etc/kubelab/node "$NODE_NAME"
  trust_mirror_authority
  own_files prepare-os "$FILES"
  load_modules
  apply_sysctl
  disable_swap
  set_other_sources_aside
  fetch_keys
  is_applied apt-sources "$FILES$APT_KEYS" || {
    rm -f /etc/kubelab/applied/apt-sources
    logged "reading the package lists on $NODE_NAME" \
      apt-get -q -o DPkg::Lock::Timeout=300 -o APT::Update::Error-Mode=any update
    mark_applied apt-sources "$FILES$APT_KEYS"
  }
}

main </dev/null
