# shellcheck shell=bash
# What every step begins with: strict mode, how it speaks, and files written only when they differ.
set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a

# stdout is a step's result, which may be a secret; progress and errors go to stderr.
say() { printf '%s\n' "$*" >&2 || true; }

log_step() { printf '%s %s %s\n' "$(date --utc +%FT%T.%3NZ)" "$STEP" "$*" >>/var/log/kubelab-steps.log; }

# finish_step COMMAND: a step ends with 0 or with one error, also when a command failed that nobody expected to.
# A step that has something to clean up defines at_exit STATUS.
finish_step() {
  local status=$?
  trap - EXIT
  ((status == 0)) || [[ $failed == true ]] || say "error: $STEP on $(uname -n): exit status $status of: $1; see above"
  if declare -F at_exit >/dev/null; then at_exit "$status" || status=1; fi
  log_step "ended with $status"
  exit $((status == 0 ? 0 : 1))
}

failed=false
fail() {
  failed=true
  say "error: $*"
  exit 1
}

# What was done with a text, so that a run killed between writing and doing is made good by the next one. Whoever does it
# removes the mark first: what is in effect is not known until all is done, also when the text is the old one meanwhile.
is_applied() { [[ -f /etc/kubelab/applied/$1 && $(sha256sum <<<"$2") == "$(cat "/etc/kubelab/applied/$1")" ]]; }
mark_applied() {
  install -d -m 0755 /etc/kubelab/applied
  sha256sum <<<"$2" >"/etc/kubelab/applied/$1"
}

# logged WHAT COMMAND...: runs COMMAND with its output in a log of this step; a failure shows the last lines.
logged() {
  local what=$1 log=/var/log/kubelab-${STEP%.sh}.log
  shift
  (umask 077 && touch "$log")
  "$@" >>"$log" 2>&1 || fail "$what: $(tail -n 12 "$log"); look at $log"
}

# write_files TEXT: writes the files of TEXT ("=== <mode> <path>" and the lines below it) that differ from what is there.
write_files() {
  local line path='' mode='' new=''
  while IFS= read -r line; do
    case $line in
      '=== '*)
        finish_file "$new" "$mode" "$path"
        read -r _ mode path <<<"$line"
        new=$(mktemp)
        ;;
      *) printf '%s\n' "$line" >>"$new" ;;
    esac
  done <<<"${1%$'\n'}"
  finish_file "$new" "$mode" "$path"
}

# own_files NAME TEXT: write_files, and removes what an earlier TEXT of that NAME wrote and this one does not.
own_files() {
  local record=/etc/kubelab/files/$1 paths path
  paths=$(sed -nE 's/^=== [0-7]+ //p' <<<"$2")
  if [[ -f $record ]]; then
    while read -r path; do
      if [[ -e $path ]] && ! grep -qxF -- "$path" <<<"$paths"; then
        rm -f "$path"
        say "removed $path"
      fi
    done <"$record"
  fi
  if [[ ! -f $record || $(<"$record") != "$paths" ]]; then
    install -d -m 0755 "${record%/*}"
    printf '%s\n' "$paths" >"$record"
  fi
  write_files "$2"
}

finish_file() {
  local new=$1 mode=$2 path=$3
  [[ -n $new ]] || return 0
  if [[ -f $path ]] && cmp --silent "$new" "$path" && [[ $(stat -c %a "$path") == "${mode#0}" ]]; then
    rm -f "$new"
    return 0
  fi
  install -D -m "$mode" "$new" "$path"
  rm -f "$new"
  say "wrote $path"
}

# wait_until SECONDS WHAT COMMAND...: waits until COMMAND succeeds; a wait that ends without is a failure that shows
# the command's last words.
wait_until() {
  local seconds=$1 what=$2 deadline output
  shift 2
  deadline=$((SECONDS + seconds))
  until output=$("$@" 2>&1); do
    ((SECONDS < deadline)) || fail "waiting $seconds s for $what: ${output:-no output from: $*}"
    sleep 1
  done
}

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

# said_since_start UNIT: what a service and systemd wrote of it since it was last started.
said_since_start() {
  local began
  began=$(systemctl show "$1" --property InactiveExitTimestamp --value)
  journalctl --unit "$1" --boot --output cat ${began:+--since "$began"}
}

trap 'finish_step "$BASH_COMMAND"' EXIT
# When the engine was killed, nobody listens any more: a step still ends in order.
trap : PIPE
trap 'exit 143' HUP TERM
log_step began
