# shellcheck shell=bash
# What a machine is known by, which a copy of it has too. In lines of: machine-id, product-uuid or mac, and its value.

# machine_identity [INTERFACE]: of this machine; without INTERFACE the MACs of all its network cards.
machine_identity() {
  local file
  identity_of machine-id /etc/machine-id
  identity_of product-uuid /sys/class/dmi/id/product_uuid
  for file in /sys/class/net/${1:-*}/address; do identity_of mac "$file"; done
}

# What firmware of cheap boards has in place of a UUID, each of them the same.
placeholder_uuid='^(00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff|03000200-0400-0500-0006-000700080009)$'

# without_placeholders: of lines whose second word is a UUID, those that say one.
without_placeholders() { awk -v placeholder="$placeholder_uuid" 'tolower($2) !~ placeholder'; }

# A machine that has no firmware has no UUID of it; the loopback interface has no MAC.
identity_of() {
  local value
  value=$(tr -d '[:space:]' 2>/dev/null <"$2" | tr '[:upper:]' '[:lower:]') || return 0
  [[ -z $value || $value == uninitialized || $value == 00:00:00:00:00:00 || $value =~ $placeholder_uuid ]] || printf '%s %s\n' "$1" "$value"
}
