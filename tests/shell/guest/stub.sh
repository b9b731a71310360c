# shellcheck shell=bash
# What every stand-in begins with: the call is written down, the test's own answer comes first, facts are kept in files.
set -euo pipefail
name=${0##*/}
state=/var/lib/guest
facts=$state/facts

{
  printf '%s' "$name"
  for argument in "$@"; do printf ' %s' "${argument//$'\n'/\\n}"; done
  printf '\n'
} >>/local/calls
# What Python reads is its own.
[[ ! -e /local/greedy || $name == python3 ]] || cat >/dev/null

# remember NAME TEXT: a fact of the pretended machine; its file is only touched when the fact changes.
remember() {
  [[ -f $facts/$1 && $(<"$facts/$1") == "$2" ]] || {
    local folder=$facts/$1
    [[ -d ${folder%/*} ]] || mkdir -p "${folder%/*}"
    printf '%s\n' "$2" >"$facts/$1"
  }
}

recall() { [[ -f $facts/$1 ]] && printf '%s\n' "$(<"$facts/$1")"; }
forget() { rm -rf "${facts:?}/$1"; }
# happened TEXT: something that changes a machine each time it is done.
happened() { printf '%s\n' "$1" >>"$state/events"; }
# flat TEXT: TEXT as a file name.
flat() { printf '%s' "${1//\//_}"; }

# shellcheck disable=SC1090
[[ ! -f /local/answers/$name ]] || . "/local/answers/$name"
