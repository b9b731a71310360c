# shellcheck shell=bash
# What the owner of a lab puts on its machines: files, and keys of people who log in. What stood there before is kept and
# comes back, what others put there stays.
# library: files.sh
: "${OWN_FILES?files that the user declares, in the form of write_files; empty: none}"
: "${SSH_USER:?the user who logs in}"
: "${AUTHORIZED_KEYS?public keys of people who may log in, a line each; empty: none}"

former_files=/etc/kubelab/former-files

place_own_files() {
  # shellcheck disable=SC2034 # read_files sets them
  local record=/etc/kubelab/files/own lines paths=() modes starts counts path
  [[ -n $OWN_FILES || -f $record ]] || return 0
  [[ -z $OWN_FILES ]] || read_files "$OWN_FILES"
  for path in "${paths[@]}"; do
    [[ ! -d $path ]] || fail "writing $path on $(uname -n): found a folder there; name a file"
    keep_former "$record" "$path"
  done
  if [[ -n $OWN_FILES ]]; then
    own_files own "$OWN_FILES"
  else
    # The record goes last, so that a run which was stopped is made good by the next.
    while read -r path; do
      rm -f "$path"
      say "removed $path"
    done <"$record"
  fi
  bring_back_former
  [[ -n $OWN_FILES ]] || rm -f "$record"
}

# keep_former RECORD PATH: a file that is there and is none of RECORD's.
keep_former() {
  [[ -e $2 && ! -e $former_files$2 ]] || return 0
  if [[ -f $1 ]] && grep -qxF -- "$2" "$1"; then return 0; fi
  make_folder "$former_files${2%/*}"
  cp --archive "$2" "$former_files$2.new"
  mv "$former_files$2.new" "$former_files$2"
}

# bring_back_former: the files that nothing is declared in place of any more.
bring_back_former() {
  local path wanted
  printf -v wanted '%s\n' "${paths[@]}"
  [[ -d $former_files ]] || return 0
  while read -r path; do
    [[ $'\n'$wanted != *$'\n'"$path"$'\n'* ]] || continue
    mv "$former_files$path" "$path"
    say "brought back the former $path"
  done < <(find "$former_files" -type f ! -name '*.new' -printf '/%P\n')
}

# The keys stand beside that of kubelab. Only those that were added here are taken away again.
authorize_keys() {
  local record=/etc/kubelab/authorized-keys home file found recorded added gone new
  [[ -n $AUTHORIZED_KEYS || -f $record ]] || return 0
  home=$(getent passwd "$SSH_USER" | cut -d : -f 6) || true
  file=$home/.ssh/authorized_keys
  [[ -f $file || -n $AUTHORIZED_KEYS ]] || return 0
  [[ -f $file ]] || fail "authorizing keys on $(uname -n): found no $file, which has kubelab's own key, or that of the site file; look for whoever took it away (/var/log/cloud-init.log)"
  found=$(<"$file")
  recorded=$(if [[ -f $record ]]; then cat "$record"; fi)
  added=$(lines_but "$found" <<<"$AUTHORIZED_KEYS")
  gone=$(lines_but "$AUTHORIZED_KEYS" <<<"$recorded")
  # First what may be taken away one day, so that a run which was stopped is made good by the next.
  replace_file 0600 "$record" "$(printf '%s\n%s\n' "$recorded" "$added" | lines_but '')"
  if [[ -n $added$gone ]]; then
    new=$(mktemp "$home/.ssh/.authorized_keys.kubelab-XXXXXX")
    printf '%s\n%s\n' "$(lines_but "$gone" <<<"$found")" "$added" | sed '/^$/d' >"$new"
    chown --reference="$file" "$new"
    put_in_place "$(stat -c %a "$file")" "$new" "$file"
    say "changed the keys of $SSH_USER"
  fi
  replace_file 0600 "$record" "$(printf '%s\n%s\n' "$recorded" "$added" | lines_but "$gone")"
}

# lines_but TEXT: the lines of stdin, each once, that are not in TEXT; comments stay where they are.
lines_but() { awk -v but="$1" 'BEGIN {count = split(but, lines, "\n"); for (i = 1; i <= count; i++) known[lines[i]] = 1} NF && !known[$0] && !seen[$0]++'; }
