# shellcheck shell=bash
# Packages in exact versions, with a record of what came with them.
# library: files.sh
# library: apt.sh

# install_packages NAME=VERSION...: installs these versions, patterns as apt takes them; does nothing when they are there.
# What came with them is recorded, so that a reset knows it.
install_packages() {
  local package missing=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if ((${#missing[@]} > 0)); then
    say "installing ${missing[*]}"
    begin_record
    apt_install "${missing[@]}" || fail_packages "installing ${missing[*]}"
  fi
  end_record
}

# What was there before an installation is kept until its end, so that one that is interrupted is recorded as well.
begin_record() {
  local before=/etc/kubelab/packages-before
  [[ ! -s $before ]] || return 0
  replace_file 0644 "$before" "$(installed_packages)"
}

end_record() {
  local before=/etc/kubelab/packages-before record=/etc/kubelab/installed-packages
  [[ -f $before ]] || return 0
  replace_file 0644 "$record" "$(
    cat "$record" 2>/dev/null
    comm -13 "$before" <(installed_packages)
  )"
  rm -f "$before"
}

installed_packages() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u; }

# install_held_packages NAME=VERSION...: the same, and keeps any later upgrade from changing them.
install_held_packages() {
  install_packages "$@"
  apt-mark hold "${@%%=*}" >/dev/null
}

# Also its programs must be whole: a power loss may have emptied what dpkg knows as installed.
is_installed() {
  local name=${1%%=*} wanted=${1#*=} found
  found=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$name" 2>/dev/null) || return 1
  # shellcheck disable=SC2053 # the wanted version is a pattern, as apt takes it
  [[ $found == "installed "$wanted ]] && ! { dpkg --verify "$name" 2>/dev/null || true; } | grep -qE ' (/usr|/opt)?/([^ ]+/)?(s?bin|lib|libexec)/'
}
