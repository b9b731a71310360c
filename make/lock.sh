#!/usr/bin/env bash
# make lock: writes the lists of all that is installed from Python's index, with the hashes of all files: requirements.lock
# and toolchain/build/go.lock. What is in one already stays as long as it fits; with the argument `yes` each is the newest
# that fits.
set -euo pipefail

readonly PYTHON=.venv/bin/python

# lock WISHES LIST WHAT OPTION...
lock() {
  local wishes=$1 list=$2 what=$3
  shift 3
  cp "$list" "$list.new"
  "$PYTHON" -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links "$@" --output-file "$list.new" "$wishes"
  # Without its own comments, of which one would name the machine's way to pip.
  sed -i -e '/^ *\(#\|$\)/d' -e "1i # $what; written by: make lock" "$list.new"
  mv "$list.new" "$list"
}

main() {
  cd "$(dirname "$0")/.."
  # What a package needs on the oldest Python alone would be missing in a list that a newer one made.
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    printf 'error: writing requirements.lock: .venv is of %s, wanted: Python 3.11, the oldest that kubelab runs on; run: rm -r .venv && PYTHON=python3.11 make lock\n' \
      "$("$PYTHON" --version)" >&2
    return 1
  }
  local upgrade=()
  if [[ ${1-} == yes ]]; then upgrade=(--upgrade); fi
  trap 'rm -f requirements.lock.new toolchain/build/go.lock.new' EXIT
  lock requirements-dev.txt requirements.lock 'Everything that .venv is made of' "${upgrade[@]}"
  lock toolchain/build/go.txt toolchain/build/go.lock 'Go, for machines without a newer one' "${upgrade[@]}"
}

main "$@" </dev/null
