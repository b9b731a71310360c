#!/bin/bash
# Makes .venv of requirements.lock, each package by its hash, in the current directory. Does nothing when it is already as wanted.
# PYTHON chooses the interpreter; without it the first Python from 3.11 to 3.14 with its venv module is taken.
set -euo pipefail

readonly VENV=.venv
readonly STAMP=$VENV/.requirements
readonly LOCK=requirements.lock
readonly WANTED="wanted one from 3.11 to 3.14 with its venv module"

fail() {
  echo "error: virtual environment: $*" >&2
  exit 1
}

is_usable() {
  "$1" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null
}

# Its version, or that it has none, and whether the module is what it lacks.
described() {
  local version
  version=$("$1" -c 'import sys; sys.stdout.write("Python %d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || version="no Python"
  "$1" -c 'import ensurepip, venv' 2>/dev/null || [ "$version" = "no Python" ] || version+=" without its venv module"
  echo "$version"
}

# What an interrupted run left can be gone on with, as long as it is of the same interpreter.
is_same_python() {
  local show='import sys; print(sys.version, sys.base_prefix)'
  [ "$("$1" -c "$show" 2>&1)" = "$("$2" -c "$show" 2>&1)" ]
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}; do
    if command -v "$candidate" >/dev/null && is_usable "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
}

install_python() {
  local command="apt-get install --no-install-recommends python3 python3-venv"
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    fail "python3 is $(described python3), $WANTED; run \`sudo $command\` or set PYTHON, then run this again"
  fi
  echo "installing Debian's python3 and python3-venv"
  mkdir -p .rig/log
  local options=(-q -y -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=120)
  {
    DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install --no-install-recommends python3 python3-venv ||
      { apt-get "${options[@]}" update &&
        DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install --no-install-recommends python3 python3-venv; }
  } >.rig/log/python.log 2>&1 || fail "\`$command\` failed: $(tail -n 1 .rig/log/python.log); log: .rig/log/python.log"
}

wanted_stamp() {
  echo "$PWD $("$1" -c 'import sys; print(sys.version, sys.base_prefix)' | tr '\n' ' ')"
  sha256sum "$LOCK"
}

main() {
  [ -f "$LOCK" ] || fail "no $LOCK in $PWD; run this from the project's root"
  local python
  python=$(find_python)
  if [ -z "$python" ] && [ -n "${PYTHON:-}" ]; then
    fail "PYTHON=$PYTHON is $(described "$PYTHON"), $WANTED; name another or unset it, then run this again"
  elif [ -z "$python" ]; then
    install_python
    python=$(find_python)
    [ -n "$python" ] ||
      fail "Debian's python3 is $(described /usr/bin/python3), $WANTED; set PYTHON to such a one and run this again"
  fi
  local wanted
  wanted=$(wanted_stamp "$python")
  if [ -x "$VENV/bin/python" ] && [ -f "$STAMP" ] && [ "$(<"$STAMP")" = "$wanted" ]; then
    return
  fi
  mkdir -p .rig
  exec 9>.rig/venv.lock
  flock --timeout 900 9 || fail "another run has been making it for 15 minutes; end that one and run this again"
  if [ -f "$STAMP" ] && [ "$(<"$STAMP")" = "$wanted" ]; then
    return
  fi
  echo "making $VENV ($("$python" --version))"
  local started=$SECONDS
  rm -f "$STAMP"
  local clear=()
  if ! is_same_python "$python" "$VENV/bin/python"; then
    clear=(--clear)
  fi
  "$python" -m venv "${clear[@]}" "$VENV" || fail "$python -m venv failed; is the disk full?"
  # No source archives: what builds one would come without a hash.
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --retries 2 --timeout 30 \
    --require-hashes --only-binary :all: --no-deps --requirement "$LOCK" ||
    fail "pip could not install $LOCK; see above, then run this again"
  echo "$wanted" >"$STAMP.new"
  mv "$STAMP.new" "$STAMP"
  echo "made $VENV in $((SECONDS - started)) s"
}

main "$@" </dev/null
