# shellcheck shell=bash
# Copies of what a step is about to change, to be put back when the change fails.

# keep_copies FOLDER FILE...: of each file or folder that is there. One that cannot be copied ends the step, while nothing
# is changed yet.
keep_copies() {
  local file
  for file in "${@:2}"; do
    [[ ! -e $file ]] || logged "keeping a copy of $file on $(uname -n)" cp --archive "$file" "$1"
  done
}
