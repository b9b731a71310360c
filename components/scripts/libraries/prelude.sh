# shellcheck shell=bash
# What every step begins with: strict mode, how it speaks, how it waits, and how it ends.
set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
# Ubuntu's hook of apt would restart services in the middle of a step, a runtime among them.
export NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l
# kubectl would keep what it discovers in root's home.
export KUBECACHEDIR=/var/cache/kubelab

# stdout is a step's result, which may be a secret; progress and errors go to stderr.
say() { printf '%s\n' "$*" >&2 || true; }

log_step() {
  { printf '%s %s %s\n' "$(date --utc +%FT%T.%3NZ)" "$STEP" "$*" >>/var/log/kubelab-steps.log; } 2>/dev/null ||
    say "warning: $STEP on $(uname -n): /var/log/kubelab-steps.log cannot be written; look at: df /var/log"
}

# hold_lock WHO: what another step shows that waited for the lock in vain.
hold_lock() {
  [[ -n ${TIME_LIMIT:-} ]] || return 0
  printf 'error: waiting on %s for another step to end: found %s; run pulumi up again once it ended\n' "$(uname -n)" "$1" >/run/kubelab.lock
}

# What fails shows both streams: the result waits in a file without a name until all else is done. What ends a step is
# said on stderr as it was at the start (5).
hold_result() {
  local file
  file=$(umask 077 && mktemp /run/kubelab-result-XXXXXX)
  # shellcheck disable=SC2094 # it is read when all is written
  exec 3>&1 >"$file" 4<"$file" 5>&2
  rm -f "$file"
}

# A step whose result is no secret may have it shown also when it fails.
give_always=false
give_result() {
  trap '' HUP PIPE TERM
  if is_over 2; then
    say_ended
    return 1
  fi
  cat <&4 >&3
}

# finish_step COMMAND: a step ends with 0 or with one error, also when a command failed that nobody expected to.
# A step that has something to clean up defines at_exit STATUS.
finish_step() {
  local status=$?
  trap - EXIT
  ((status == 0)) || [[ $failed == true ]] || say "error: $STEP on $(uname -n): exit status $status of: $1; see above"
  if declare -F at_exit >/dev/null; then at_exit "$status" || status=1; fi
  log_step "ended with $status"
  hold_lock 'one whose text has not come'
  if ((status == 0)) || [[ $give_always == true ]]; then give_result || status=1; fi
  exit $((status == 0 ? 0 : 1))
}

failed=false
fail() {
  failed=true
  # In a command substitution it is the evidence of whoever asked.
  if ((BASH_SUBSHELL == 0)); then say "error: $*" 2>&5; else say "error: $*"; fi
  exit 1
}

# Said when something ends a step from outside.
doing='' seen_last=''

# is_over [SECONDS]: whether the step's time limit is reached, or will be in so many seconds.
is_over() { [[ -n ${TIME_LIMIT:-} ]] && ((SECONDS + ${1:-0} >= TIME_LIMIT)); }

say_ended() {
  local why="a signal after $SECONDS s" log=/var/log/kubelab-${STEP%.sh}.log
  if is_over 2; then why="its time limit of $TIME_LIMIT s"; fi
  [[ -n $seen_last || ! -s $log ]] || seen_last="$(tail -n 1 "$log") (last line of $log)"
  say "error: $STEP on $(uname -n): ended by $why while it was at: ${doing:-${1:-its end}}${seen_last:+; last seen: $seen_last}; run pulumi up again" 2>&5
}

end_by_signal() {
  failed=true
  say_ended "$1"
  exit 143
}

# logged WHAT COMMAND...: runs COMMAND with its output in a log of this step; a failure shows the last lines.
logged() {
  local what=$1 log=/var/log/kubelab-${STEP%.sh}.log
  doing=$what
  shift
  (umask 077 && touch "$log")
  "$@" >>"$log" 2>&1 3>&- 4<&- || fail "$what: $(tail -n 12 "$log"); look at $log"
  doing=''
}

# wait_until SECONDS WHAT COMMAND...: waits until COMMAND succeeds; a wait that ends without is a failure that shows
# the command's last words.
wait_until() {
  local seconds=$1 what=$2 deadline output
  shift 2
  doing="waiting for $what"
  deadline=$((SECONDS + seconds))
  until output=$("$@" 2>&1); do
    seen_last=${output##*$'\n'}
    ((SECONDS < deadline)) || fail "waiting $seconds s for $what: ${output:-no output from: $*}"
    sleep 1
  done
  doing='' seen_last=''
}

trap 'finish_step "$BASH_COMMAND"' EXIT
# When the engine was killed, nobody listens any more: a step still ends in order.
trap : PIPE
trap 'end_by_signal "$BASH_COMMAND"' HUP TERM
hold_lock "$STEP, process $$, since $(date --utc +%FT%TZ); look at: ps -fp $$"
hold_result
log_step began
