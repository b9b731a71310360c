#!/usr/bin/env bash
# make lock: writes requirements.lock for requirements*.txt: every package that is installed, with the hashes of all its
# files. What is in it already stays as long as it fits; with the argument `yes` each is the newest that fits.
set -euo pipefail

readonly LOCK=requirements.lock
readonly PYTHON=.venv/bin/python

main() {
  cd "$(dirname "$0")/.."
  # What a package needs on the oldest Python alone would be missing in a list that a newer one made.
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    printf 'error: writing %s: .venv is of %s, wanted: Python 3.11, the oldest that kubelab runs on; run: rm -r .venv && PYTHON=python3.11 make lock\n' \
      "$LOCK" "$("$PYTHON" --version)" >&2
    return 1
  }
  local upgrade=()
  if [[ ${1-} == yes ]]; then upgrade=(--upgrade); fi
  cp "$LOCK" "$LOCK.new"
  trap 'rm -f "$LOCK.new"' EXIT
  "$PYTHON" -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links "${upgrade[@]}" --output-file "$LOCK.new" requirements-dev.txt
  # Without its own comments, of which one would name the machine's way to pip.
  sed -i -e '/^ *\(#\|$\)/d' -e "1i # Everything that .venv is made of; written by: make lock" "$LOCK.new"
  mv "$LOCK.new" "$LOCK"
}

main "$@" </dev/null
