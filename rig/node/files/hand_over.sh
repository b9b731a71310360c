#!/bin/bash
# In a machine that no host gave guest data: what its owner does before handing it over. A host key, and a user who logs in
# by a key and may become root. Prints the public host key.
set -euo pipefail

: "${USER_NAME:?the user}"
: "${AUTHORIZED_KEY:?the public key that the user logs in with}"

wait_for_systemd() {
  local deadline=$((SECONDS + 120))
  until systemctl show --property Version >/dev/null 2>&1; do
    ((SECONDS < deadline)) || {
      printf 'error: handing a machine over: systemd does not answer after 120 s\n' >&2
      return 1
    }
    sleep 0.2
  done
}

make_user() {
  local home=/home/$USER_NAME
  useradd --create-home --shell /bin/bash "$USER_NAME"
  install -d -m 0700 -o "$USER_NAME" -g "$USER_NAME" "$home/.ssh"
  printf '%s\n' "$AUTHORIZED_KEY" >"$home/.ssh/authorized_keys"
  chown "$USER_NAME:" "$home/.ssh/authorized_keys"
  chmod 0600 "$home/.ssh/authorized_keys"
  printf '%s ALL=(ALL) NOPASSWD:ALL\n' "$USER_NAME" >"/etc/sudoers.d/$USER_NAME"
  chmod 0440 "/etc/sudoers.d/$USER_NAME"
}

main() {
  wait_for_systemd
  make_user
  ssh-keygen -A >/dev/null
  systemctl reset-failed ssh.service 2>/dev/null || true # there was no host key yet
  systemctl restart ssh.service
  cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub
}

main </dev/null
