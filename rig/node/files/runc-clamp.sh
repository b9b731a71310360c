#!/bin/bash
# Stands before the package's runc on a host without CAP_SYS_RESOURCE: a container's oom_score_adj is never below the
# caller's own, and its capabilities are those that the node has. Everything else passes through unchanged.
set -euo pipefail

package_runc() {
  local candidate
  for candidate in /usr/bin/runc /usr/sbin/runc /usr/libexec/crio/runc; do
    if [[ -x $candidate ]]; then
      printf '%s' "$candidate"
      return
    fi
  done
  echo "runc-clamp: found no runc in /usr/bin, /usr/sbin or /usr/libexec/crio; install the package that brings it" >&2
  return 127
}

# clamp FILE: rewrites an OCI bundle's config.json or a process.json.
clamp() {
  local file=$1 own bounding have
  own=$(</proc/self/oom_score_adj)
  bounding=$(awk '/^CapBnd:/ { print $2 }' /proc/self/status)
  have=$(capsh --decode="$bounding")
  jq --argjson own "$own" --arg have "${have#*=}" '
    ($have | ascii_upcase | split(",")) as $allowed
    | def clamped:
        .oomScoreAdj |= ([. // 0, $own] | max)
        | if .capabilities then .capabilities |= map_values(if . then map(select(IN($allowed[]))) else . end) else . end;
      if has("process") then .process |= clamped else clamped end
  ' "$file" >"$file.clamped"
  cat "$file.clamped" >"$file" # in place: mode and owner stay
  rm -f "$file.clamped"
}

main() {
  local bundle=. command="" previous="" process="" argument
  for argument in "$@"; do
    case $previous in
      --bundle | -b) bundle=$argument ;;
      --process | -p) process=$argument ;;
      --root | --log | --log-format | --criu | --rootless) ;;
      *)
        if [[ -z $command && $argument != -* ]]; then
          command=$argument
        fi
        ;;
    esac
    case $argument in
      --bundle=* | -b=*) bundle=${argument#*=} ;;
      --process=* | -p=*) process=${argument#*=} ;;
    esac
    previous=$argument
  done
  case $command in
    create | run | restore) clamp "$bundle/config.json" ;;
    exec) [[ -z $process ]] || clamp "$process" ;;
  esac
}

# runc's caller keeps its stdin, which may be the container's.
runc=$(package_runc)
main "$@" </dev/null
exec "$runc" "$@"
