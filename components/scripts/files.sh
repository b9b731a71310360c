# shellcheck shell=bash
# Files that are written only when they differ, and marks of what was done with a text.

# What was done with a text, so that a run killed between writing and doing is made good by the next one. Whoever does it
# removes the mark first: what is in effect is not known until all is done, also when the text is the old one meanwhile.
is_applied() { [[ -f /etc/kubelab/applied/$1 && $(sha256sum <<<"$2") == "$(cat "/etc/kubelab/applied/$1")" ]]; }
mark_applied() {
  install -d -m 0755 /etc/kubelab/applied
  sha256sum <<<"$2" >"/etc/kubelab/applied/$1"
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
