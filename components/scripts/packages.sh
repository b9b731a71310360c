# shellcheck shell=bash
# Packages in exact versions, with a record of what came with them.

# install_packages NAME=VERSION...: installs these versions, patterns as apt takes them; does nothing when they are there.
# What came with them is recorded, so that a reset knows it.
install_packages() {
  local package missing=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if ((${#missing[@]} > 0)); then
    say "installing ${missing[*]}"
    # An installation that was killed while it unpacked keeps every later one from beginning.
    if compgen -G '/var/lib/dpkg/updates/[0-9]*' >/dev/null; then logged 'finishing an interrupted installation' dpkg --configure -a; fi
    begin_record
    logged "installing ${missing[*]}" apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install \
      --no-install-recommends --allow-change-held-packages --allow-downgrades "${missing[@]}"
  fi
  end_record
}

# What was there before an installation is kept until its end, so that one that is interrupted is recorded as well.
begin_record() {
  local before=/etc/kubelab/packages-before
  [[ ! -f $before ]] || return 0
  install -d -m 0755 /etc/kubelab
  installed_packages >"$before.new"
  mv "$before.new" "$before"
}

end_record() {
  local before=/etc/kubelab/packages-before
  [[ -f $before ]] || return 0
  comm -13 "$before" <(installed_packages) >>/etc/kubelab/installed-packages
  rm -f "$before"
}

installed_packages() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u; }

# install_held_packages NAME=VERSION...: the same, and keeps any later upgrade from changing them.
install_held_packages() {
  install_packages "$@"
  apt-mark hold "${@%%=*}" >/dev/null
}

is_installed() {
  local name=${1%%=*} wanted=${1#*=} found
  found=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$name" 2>/dev/null) || return 1
  # shellcheck disable=SC2053 # the wanted version is a pattern, as apt takes it
  [[ $found == "installed "$wanted ]]
}
