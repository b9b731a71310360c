# shellcheck shell=bash
# Kernel settings, now and at the next boot: whichever file is read last wins, and some services write their own later.

kernel_settings_file=/etc/sysctl.d/zz-kubelab.conf

apply_kernel_settings() {
  local name wanted found
  while IFS=' =' read -r name wanted; do
    found=$(sysctl -n "$name" 2>&1) || fail "reading the kernel setting $name on $NODE_NAME: $found; use an image whose kernel has it"
    [[ $found == "$wanted" ]] || sysctl -q -w "$name=$wanted" >&2 ||
      fail "setting $name on $NODE_NAME: found $found, wanted $wanted"
  done < <(grep -v '^#' "$kernel_settings_file")
}

# contradictions: the settings of stdin, files as systemd-analyze shows them in their order, that take one of ours back: file,
# setting and value. A setting of one network card is applied when that card appears, wherever it stands; that of all
# later cards only after ours.
contradictions() {
  awk -v ours="$kernel_settings_file" '
    /^# \/[^ ]+$/ {file = $2}
    /^[ \t]*([#;]|$)/ || !/=/ {next}
    {
      name = value = $0
      sub(/[ \t]*=.*/, "", name); sub(/^[ \t]*-?/, "", name); sub(/[^=]*=[ \t]*/, "", value); sub(/[ \t]+$/, "", value)
      if (name ~ /^[^.]*\//) gsub(/\//, ".", name)
      if (name == "net.ipv4.conf.all.forwarding") name = "net.ipv4.ip_forward"
    }
    file == ours {wanted[name] = value; seen = 1; next}
    name in wanted && value != wanted[name] {print file ": " name " = " value}
    name ~ /^net\.ipv4\.conf\.[^.]+\.forwarding$/ && (seen || name !~ /\.default\./) && value == 0 {print file ": " name " = " value}'
}

# What ufw sets when it starts, which is after all these files.
ufw_settings() {
  local file
  grep -qsE '^ENABLED="?yes' /etc/ufw/ufw.conf || return 0
  file=$(sed -nE 's/^IPT_SYSCTL="?([^"]+)"?$/\1/p' /etc/default/ufw 2>/dev/null | tail -n 1)
  [[ ! -r $file ]] || { echo "# $file" && cat "$file"; }
}

check_next_boot() {
  local files found
  files=$(systemd-analyze --no-pager cat-config sysctl.d 2>&1) ||
    fail "asking what sets the kernel at the next boot of $NODE_NAME: $files; look at: systemd-analyze cat-config sysctl.d"
  found=$({ printf '%s\n' "$files" && ufw_settings; } | contradictions | paste -sd ';' | sed 's/;/; /g')
  [[ -z $found ]] ||
    fail "making the kernel settings of $NODE_NAME last: after $kernel_settings_file a boot applies $found; remove these lines"
  # By hand and by some packages' scripts; a boot does not.
  found=$({ echo "# $kernel_settings_file" && cat "$kernel_settings_file" && echo && echo '# /etc/sysctl.conf' && cat /etc/sysctl.conf 2>/dev/null; } |
    contradictions | paste -sd ';' | sed 's/;/; /g') || true
  [[ -z $found ]] || say "warning: $found: not at a boot, but \`sysctl --system\` would set it; remove that line"
}
