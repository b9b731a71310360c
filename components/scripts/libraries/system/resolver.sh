# shellcheck shell=bash
# The file of name servers that the kubelet hands to pods: what is no server to a pod makes CoreDNS ask itself.
: "${RESOLV_CONF?the declared resolvConf of the kubelet; empty: what kubeadm chooses}"

# kubeadm names systemd-resolved's own list where that service runs.
resolver_file() {
  if [[ -n $RESOLV_CONF ]]; then
    echo "$RESOLV_CONF"
  elif systemctl is-active --quiet systemd-resolved; then
    echo /run/systemd/resolve/resolv.conf
  else
    echo /etc/resolv.conf
  fi
}

name_servers() { awk '$1 == "nameserver" && NF > 1 {print $2}' "$1" 2>/dev/null || true; }
local_servers() { name_servers "$1" | grep -E '^(127\.|0\.0\.0\.0$|::1?$)' || true; }

# resolver_fault FILE: what keeps pods from using it; empty: nothing.
resolver_fault() {
  local found
  if [[ ! -r $1 ]]; then
    echo "no file $1"
  elif [[ -z $(name_servers "$1") ]]; then
    echo "no name server in $1"
  else
    found=$(local_servers "$1" | xargs)
    [[ -z $found ]] || echo "$found in $1"
  fi
}

resolver_remedy() {
  local file
  for file in /run/systemd/resolve/resolv.conf /run/NetworkManager/no-stub-resolv.conf /run/dnsmasq/resolv.conf; do
    [[ -n $(name_servers "$file") && -z $(local_servers "$file") ]] || continue
    echo "set kubelet: {resolvConf: $file}, which has them"
    return 0
  done
  echo 'write the servers that the machine really asks into a file of its image and set kubelet: {resolvConf: THAT FILE}'
}
