# shellcheck shell=bash
# What keeps packets from a node that other nodes send it. Whether a rule opens a port is read in its text: no other
# machine is there yet that could knock.
: "${FIREWALL_PORTS:?lines of: port or ports as first-last, a slash, tcp or udp, what for}"

# firewall: who drops what no rule lets in, one word or a table; empty: nobody.
firewall() {
  if grep -qsE '^ENABLED="?yes' /etc/ufw/ufw.conf || ufw_is_active; then
    echo ufw
  elif systemctl is-active --quiet firewalld || systemctl is-enabled --quiet firewalld 2>/dev/null; then
    echo firewalld
  elif drops_by_iptables; then
    echo iptables
  else
    dropping_tables input
  fi
}

ufw_is_active() { command -v ufw >/dev/null && [[ $(ufw status 2>/dev/null) == 'Status: active'* ]]; }

drops_by_iptables() {
  command -v iptables-save >/dev/null || return 1
  grep -qE '^:INPUT DROP|^-A INPUT( -m comment --comment ("[^"]*"|[^ ]+))? -j (DROP|REJECT)( |$)' < <(iptables-save 2>/dev/null)
}

# dropping_tables HOOK: nftables' tables that drop there by policy, or by a last rule without a condition. iptables' own
# are left out: others add their rules to them.
dropping_tables() {
  command -v nft >/dev/null || return 0
  nft list ruleset 2>/dev/null | awk -v hook="hook $1 " '
    /^table / {table = $2 " " $3}
    /^[ \t]*chain / {hooked = 0}
    index($0, hook) {hooked = 1; if (/policy drop/) drops[table] = 1}
    hooked && /^[ \t]*(counter( packets [0-9]+ bytes [0-9]+)? )?(drop|reject( with .*)?)$/ {drops[table] = 1}
    END {for (table in drops) if (table !~ /^ip6? filter$/) print "nftables table " table}' | sort | paste -sd ','
}

# closed_ports FIREWALL: those of FIREWALL_PORTS that it keeps closed, with what they are for.
closed_ports() {
  local rules='' ports purpose
  case $1 in
    ufw) rules=$(cat /etc/ufw/user.rules 2>/dev/null) || true ;;
    iptables) rules=$(iptables-save) || true ;;
    nftables*) rules=$(nft list ruleset) || true ;;
  esac
  while read -r ports purpose; do
    if [[ $1 == firewalld ]]; then opened_by_firewalld "$ports"; else opens "$ports" <<<"$rules"; fi ||
      printf '%s (%s), ' "$ports" "$purpose"
  done <<<"$FIREWALL_PORTS" | sed 's/, $//'
}

opened_by_firewalld() {
  local link zone
  command -v firewall-cmd >/dev/null || return 1
  link=$(ip -o -4 address show to "$NODE_ADDRESS" | awk '{print $2; exit}')
  zone=$(firewall-cmd --get-zone-of-interface="$link" 2>/dev/null) || zone=$(firewall-cmd --get-default-zone 2>/dev/null) || return 1
  [[ $zone == trusted ]] || firewall-cmd --quiet --zone="$zone" --query-port="$1" 2>/dev/null
}

# opens PORTS/PROTOCOL: whether a rule of stdin, as iptables or nft write it, lets them in from another machine.
opens() {
  awk -v ports="${1%/*}" -v protocol="${1#*/}" -v others="$(traces chain | tr -d '*' | paste -sd '|')" '
    BEGIN {split(ports, wanted, "-"); first = wanted[1] + 0; last = (wanted[2] ? wanted[2] : first) + 0}
    tolower($0) !~ /accept/ || /^:| hook / {next}
    $0 ~ "^-A (" others "|FORWARD|OUTPUT|PREROUTING|POSTROUTING|[^ ]*(forward|output))" {next}
    /state/ && !/NEW|new/ {next}
    /icmp|limit |sport|(-i|iif|iifname) "?lo"?( |$)/ {next}
    /dports? / {
      if ($0 ~ /(tcp|udp)/ && $0 !~ protocol) next
      sub(/.*dports? /, ""); gsub(/[{},]/, " "); gsub(/:/, "-")
      count = split($0, words, " ")
      for (i = 1; i <= count && words[i] ~ /^[0-9]+(-[0-9]+)?$/; i++) {
        split(words[i], range, "-")
        if (range[1] + 0 <= first && last <= (range[2] ? range[2] : range[1]) + 0) opened = 1
      }
      next
    }
    /(-p|meta l4proto|ip protocol) / && $0 !~ protocol {next}
    {opened = 1}
    END {exit !opened}'
}

# firewall_remedy FIREWALL
firewall_remedy() {
  local ports
  ports=$(awk '{print $1}' <<<"$FIREWALL_PORTS")
  case $1 in
    ufw) printf 'run: %s; or: ufw disable' "$(awk 'NR > 1 {printf " && "} {sub(/-/, ":"); printf "ufw allow %s", $1}' <<<"$ports")" ;;
    firewalld) printf 'run: firewall-cmd --permanent %s && firewall-cmd --permanent --zone=trusted --add-source=%s && firewall-cmd --reload; or: systemctl disable --now firewalld' \
      "$(awk '{print "--add-port=" $1}' <<<"$ports" | xargs)" "$POD_SUBNET" ;;
    *) printf 'let these ports in from the other nodes, in the rules and in the file that brings them back at a boot' ;;
  esac
}

# What drops packets that pods of this node get from another's, and send there, whatever the pod network accepts.
closed_forwarding() {
  local tables
  tables=$(dropping_tables forward)
  [[ -n $tables ]] || return 0
  grep -qE "($POD_SUBNET|\"?cni0\"?).* accept" < <(nft list ruleset) || echo "$tables"
}
