# shellcheck shell=bash
# What every step begins with: strict mode, how it speaks, how it waits, and how it ends.
set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a
# kubectl would keep what it discovers in root's home.
export KUBECACHEDIR=/var/cache/kubelab

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

# logged WHAT COMMAND...: runs COMMAND with its output in a log of this step; a failure shows the last lines.
logged() {
  local what=$1 log=/var/log/kubelab-${STEP%.sh}.log
  shift
  (umask 077 && touch "$log")
  "$@" >>"$log" 2>&1 || fail "$what: $(tail -n 12 "$log"); look at $log"
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

trap 'finish_step "$BASH_COMMAND"' EXIT
# When the engine was killed, nobody listens any more: a step still ends in order.
trap : PIPE
trap 'exit 143' HUP TERM
log_step began
