# shellcheck shell=bash
# Packages in exact versions, with a record of what came with them, and the one way in which apt and dpkg are called.
# library: keyrings.sh

# On a first boot apt-daily and unattended-upgrades hold apt's locks for minutes.
lock_wait_seconds=600
keep_configuration=(--force-confdef --force-confold)
apt_options=(-q -y -o DPkg::Lock::Timeout=60 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0)
for option in "${keep_configuration[@]}"; do apt_options+=(-o "Dpkg::Options::=$option"); done

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
    install_missing "${missing[@]}" || fail_packages "installing ${missing[*]}"
  fi
  end_record
}

install_missing() {
  local install=(install --no-install-recommends --allow-change-held-packages --allow-downgrades --reinstall "$@") update=''
  finish_interrupted
  apt_get "${install[@]}" && return 0
  case $said in
    *'dpkg was interrupted'* | *'dpkg --configure -a'*) configure_unpacked || return 1 ;;
    # The lists are from when the machine was prepared, or from when its image was made.
    *'was not found'* | *'Unable to locate package'* | *'no installation candidate'* | *'404 '* | *'Hash Sum mismatch'*)
      say 'reading the package lists again, as apt did not find all of these'
      refresh_lists || update=$said$'\n'
      ;;
    *) return 1 ;;
  esac
  apt_get "${install[@]}" && return 0
  said=$update$said
  return 1
}

# refresh_lists: reads the package lists, all of them or it fails.
refresh_lists() {
  apt_get -o APT::Update::Error-Mode=any update && return 0
  [[ $said =~ EXPKEYSIG|EXPSIG|KEYEXPIRED|REVKEYSIG|NO_PUBKEY ]] || return 1
  renew_keys
  apt_get -o APT::Update::Error-Mode=any update
}

# An installation that was killed while it unpacked keeps every later one from beginning.
finish_interrupted() {
  if compgen -G '/var/lib/dpkg/updates/[0-9]*' >/dev/null; then configure_unpacked || fail_packages 'finishing an interrupted installation'; fi
}

apt_get() { package_tool apt-get "${apt_options[@]}" "$@"; }

configure_unpacked() { package_tool dpkg "${keep_configuration[@]}" --configure -a; }

# package_tool COMMAND...: runs apt-get or dpkg once nobody else holds one of their locks, of which each has several and
# waits for some. What it said is in `said`, and in the step's log.
package_tool() {
  local doing
  local log=/var/log/kubelab-${STEP%.sh}.log deadline=$((SECONDS + lock_wait_seconds)) start status told=''
  # shellcheck disable=SC2034 # the prelude says it when the step is ended
  doing="running $(printf '%s ' "$@" | sed -E 's/ -(q|y|o [^ ]+)//g')"
  (umask 077 && touch "$log")
  while true; do
    start=$(stat -c %s "$log") status=0
    "$@" </dev/null >>"$log" 2>&1 3>&- 4<&- 5>&- || status=$?
    said=$(tail -c "+$((start + 1))" "$log")
    if ((status == 0)) || ! is_locked; then break; fi
    if ((SECONDS >= deadline)); then
      said="E: waited $lock_wait_seconds s for $(lock_holder)"
      break
    fi
    [[ $told == "$(lock_holder)" ]] || say "waiting for $(lock_holder)"
    told=$(lock_holder)
    sleep 5
  done
  return "$status"
}

is_locked() { [[ $said =~ 'Could not get lock'|'Unable to acquire'|'Unable to lock'|'is another process using it'|'locked by another process' ]]; }

# lock_holder: the lock and its holder, with the unit that it belongs to, as apt-daily.service.
lock_holder() {
  local lock='a lock of apt' process=another
  if [[ $said =~ (/var/[a-z./-]*lock[a-z-]*) ]]; then lock=${BASH_REMATCH[1]}; fi
  if [[ $said =~ (held by process|with pid)\ ([0-9]+) ]]; then
    process=${BASH_REMATCH[2]}
    process+=" ($(cat "/proc/$process/comm" 2>/dev/null || echo ended) of $(sed -nE 's#.*/([^/]+\.[a-z]+)$#\1#p' "/proc/$process/cgroup" 2>/dev/null | grep . || echo 'no unit'))"
  fi
  printf '%s, held by process %s' "$lock" "$process"
}

# fail_packages WHAT: with where packages come from and what was said of it, in one line.
fail_packages() {
  fail "$1 on $(uname -n) from $(package_sources): $(package_words); $(package_remedy) (the whole of it: /var/log/kubelab-${STEP%.sh}.log)"
}

package_remedy() {
  case $said in
    *'E: waited '*) echo 'run pulumi up again once that ended; look at: systemctl list-jobs' ;;
    *EXPKEYSIG* | *EXPSIG* | *KEYEXPIRED*) echo "the repository's own key expired, and its owner has not published it anew: run pulumi up again once that is done" ;;
    *NO_PUBKEY* | *REVKEYSIG*) echo 'the repository is signed with another key than the one that is trusted: look for an announcement of its owner' ;;
    *'was not found'* | *'Unable to locate package'* | *'no installation candidate'*) echo 'look for what the repositories have: apt-cache madison NAME; declare a version that is there' ;;
    *'No space left'*) echo 'free space: df -h /var' ;;
    *) echo 'correct what it names, and run pulumi up again' ;;
  esac
}

# Whoever wrote a source, its repository is named.
package_sources() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
    awk '/^URIs:/ {print $2} /^deb / {for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:\//) print $i}' | sort -u | grep . | paste -sd ' ' || echo 'no source'
}

package_words() {
  local words
  words=$(grep -E '^ *(E:|W: (GPG|An error|Failed)|Err:|dpkg:|The following signatures|.*(EXPKEYSIG|NO_PUBKEY))' <<<"$said" |
    sed -E 's/^ +//' | awk '!seen[$0]++' | head -n 8 | paste -sd '|' | sed 's/|/; /g') || true
  printf '%s' "${words:-${said##*$'\n'}}"
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
