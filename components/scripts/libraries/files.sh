# shellcheck shell=bash
# Files that are written only when they differ, so that a power loss leaves the former or the new one, and marks of what
# was done with a text.

# What was done with a text, so that a run killed between writing and doing is made good by the next one. Whoever does it
# removes the mark first: what is in effect is not known until all is done, also when the text is the old one meanwhile.
#
# is_applied NAME TEXT [FILE...]: whether it was done with TEXT, and each FILE is as that left it.
is_applied() { [[ -f /etc/kubelab/applied/$1 && $(sums "${@:2}") == "$(<"/etc/kubelab/applied/$1")" ]]; }
mark_applied() { replace_file 0644 "/etc/kubelab/applied/$1" "$(sums "${@:2}")"; }
sums() {
  sha256sum <<<"$1"
  (($# == 1)) || sha256sum "${@:2}" 2>/dev/null || true
}

# read_files TEXT: leaves TEXT in `lines`, and of each file its path, its mode, where its text begins and how many lines
# that has. A text that is not of the form `=== MODE LINES PATH`, and below it just so many lines, is refused as a whole.
read_files() {
  local next=0 header='^=== (0[0-7]{3}) ([1-9][0-9]{0,8}) (/.+)$'
  paths=() modes=() starts=() counts=()
  mapfile -t lines <<<"${1%$'\n'}"
  while ((next < ${#lines[@]})); do
    if [[ ! ${lines[next]} =~ $header ]] || ((next + BASH_REMATCH[2] >= ${#lines[@]})); then
      fail "reading the files to be written: found no header of a file with as many lines in line $((next + 1)); nothing was written"
    fi
    modes+=("${BASH_REMATCH[1]}")
    counts+=("${BASH_REMATCH[2]}")
    paths+=("${BASH_REMATCH[3]}")
    starts+=("$((next + 1))")
    next=$((next + 1 + BASH_REMATCH[2]))
  done
}

# write_files TEXT: writes the files of TEXT, as `read_files` takes it, that differ from what is there.
write_files() {
  local lines paths modes starts counts index text
  read_files "$1"
  for index in "${!paths[@]}"; do
    printf -v text '%s\n' "${lines[@]:starts[index]:counts[index]}"
    write_file "${modes[index]}" "${paths[index]}" "$text"
  done
}

# own_files NAME TEXT: write_files, and removes what an earlier TEXT of that NAME wrote and this one does not.
own_files() {
  local record=/etc/kubelab/files/$1 path wanted lines paths modes starts counts
  read_files "$2"
  printf -v wanted '%s\n' "${paths[@]}"
  if [[ -f $record ]]; then
    while read -r path; do
      if [[ -e $path && $'\n'$wanted != *$'\n'"$path"$'\n'* ]]; then
        rm -f "$path"
        say "removed $path"
      fi
    done <"$record"
  fi
  replace_file 0644 "$record" "$wanted"
  write_files "$2"
}

# write_file MODE PATH TEXT: writes one file when it differs from what is there, and says so; a newline is added where TEXT
# has none at its end.
write_file() {
  local before=$files_written
  replace_file "$@"
  ((files_written == before)) || say "wrote $2"
}

# How many files this step found other than they should be.
files_written=0

# The file is written beside, and takes its place once it is on the disk.
replace_file() {
  local mode=$1 path=$2 text=${3%$'\n'}$'\n' folder=${2%/*} new
  if [[ -f $path && ! -L $path && $(stat -c %a "$path") == "${mode#0}" ]] && cmp --silent "$path" - <<<"${text%$'\n'}"; then
    return 0
  fi
  make_folder "$folder"
  # Of a run that was killed; whoever reads the folder takes no hidden file.
  rm -f "$folder/.${path##*/}".kubelab-*
  new=$(mktemp "$folder/.${path##*/}.kubelab-XXXXXX")
  printf '%s' "$text" >"$new"
  put_in_place "$mode" "$new" "$path"
  files_written=$((files_written + 1))
}

# install_file MODE FILE PATH: a copy of FILE, whatever it holds, becomes PATH.
install_file() {
  local new
  make_folder "${3%/*}"
  new=$(mktemp "${3%/*}/.${3##*/}.kubelab-XXXXXX")
  cp "$2" "$new"
  put_in_place "$1" "$new" "$3"
  files_written=$((files_written + 1))
}

# put_in_place MODE FILE PATH: FILE, which lies in the folder of PATH, becomes PATH, also if the power is lost meanwhile.
put_in_place() {
  chmod "$1" "$2"
  sync "$2"
  mv --no-target-directory "$2" "$3"
  sync "${3%/*}"
}

make_folder() {
  [[ -n $1 && ! -d $1 ]] || return 0
  make_folder "${1%/*}"
  mkdir --mode 0755 "$1"
  sync "$(dirname "$1")"
}
