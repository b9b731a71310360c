# shellcheck shell=bash
# The one way in which steps call apt and dpkg.

# On a first boot apt-daily and unattended-upgrades hold apt's locks for minutes.
lock_wait_seconds=600
keep_configuration=(--force-confdef --force-confold)
apt_options=(-q -y -o DPkg::Lock::Timeout=60 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0)
for option in "${keep_configuration[@]}"; do apt_options+=(-o "Dpkg::Options::=$option"); done

# apt_install NAME[=VERSION]...: as it is, or after the lists were read again.
apt_install() {
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
  # gpgv's words, or those of sqv, by which newer releases of apt verify.
  [[ $said =~ EXPKEYSIG|EXPSIG|KEYEXPIRED|REVKEYSIG|NO_PUBKEY|'/sqv returned' ]] || return 1
  renew_keys
  apt_get -o APT::Update::Error-Mode=any update
}

# A key that expired is published anew under the same address.
renew_keys() {
  [[ -s /etc/kubelab/renew-keys ]] || return 0
  say "fetching the repositories' keys again"
  bash /etc/kubelab/renew-keys </dev/null || {
    # shellcheck disable=SC2034 # the prelude's: it has been said
    failed=true
    exit 1
  }
}

# An installation that was killed while it unpacked keeps every later one from beginning.
finish_interrupted() {
  if compgen -G '/var/lib/dpkg/updates/[0-9]*' >/dev/null; then configure_unpacked || fail_packages 'finishing an interrupted installation'; fi
}

apt_get() { package_tool apt-get "${apt_options[@]}" "$@"; }

configure_unpacked() { package_tool dpkg "${keep_configuration[@]}" --configure -a; }

# package_tool COMMAND...: runs apt-get or dpkg once nobody else holds any of their locks; leaves what it said in `said`.
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
  fail "$1 on $(uname -n) from $(package_sources): $(package_words); $(package_remedy); all of it: /var/log/kubelab-${STEP%.sh}.log"
}

package_remedy() {
  case $said in
    *'E: waited '*) echo 'run pulumi up again once that ended; look at: systemctl list-jobs' ;;
    *'is not considered secure since'*) echo 'this apt takes no such signature any more: look for an announcement of its owner' ;;
    *EXPKEYSIG* | *EXPSIG* | *KEYEXPIRED* | *'sqv returned'*xpired*) echo "the key expired, and its owner has not published it anew: run pulumi up again once that is done" ;;
    *NO_PUBKEY* | *REVKEYSIG* | *'sqv returned'*) echo 'it is signed with another key than the trusted one: look for an announcement of its owner' ;;
    *'was not found'* | *'Unable to locate package'* | *'no installation candidate'*) echo 'look for what they have: apt-cache madison NAME' ;;
    *'No space left'*) echo 'free space: df -h /var' ;;
    *) echo 'correct what it names, and run pulumi up again' ;;
  esac
}

package_sources() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
    awk '/^URIs:/ {print $2} /^deb / {for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:\//) print $i}' | sort -u | grep . | paste -sd ' ' || echo 'no source'
}

package_words() {
  local words
  words=$(grep -E '^ *(E:|Error:|(W:|Warning:) (GPG|OpenPGP|An error|Failed)|Err:|dpkg:|The following signatures|.*(EXPKEYSIG|NO_PUBKEY|/sqv returned))' <<<"$said" |
    sed -E 's/^ +//' | awk '!seen[$0]++' | head -n 8 | paste -sd '|' | sed 's/|/; /g') || true
  printf '%s' "${words:-${said##*$'\n'}}"
}
