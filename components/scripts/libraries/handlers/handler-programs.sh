# shellcheck shell=bash
# The programs of handlers on a node: there before the runtime's configuration names them, gone after it does no more.
# library: files.sh
# library: packages.sh
# library: downloads.sh
# library: handler-pods.sh
# library: module-devices.sh
: "${HANDLERS?lines of: handler, what of it (label, package, archive, folder, program, file, module), values; empty: none}"

handler_records=/etc/kubelab/handlers

# of HANDLER WHAT: the values, a line each.
of() { awk -v handler="$1" -v what="$2" '$1 == handler && $2 == what {$1 = $2 = ""; sub(/^ +/, ""); print}' <<<"$HANDLERS"; }
declared_handlers() { awk '{print $1}' <<<"$HANDLERS" | sort -u | sed '/^$/d'; }

# A handler's record says what goes with it: its label, its folder, and the packages that came with it.
record_of() { printf '%s' "$handler_records/$1"; }
recorded() { awk -v what="$2" '$1 == what {print $2}' "$(record_of "$1")"; }

# leaving_handlers: those that an earlier run brought, and that nobody declares any more.
leaving_handlers() {
  [[ -d $handler_records ]] || return 0
  find "$handler_records" -maxdepth 1 -type f ! -name '.*' -printf '%f\n' | sort | comm -23 - <(declared_handlers)
}

add_handlers() {
  local handler
  for handler in $(declared_handlers); do
    load_modules_of "$handler"
    write_record "$handler" "$(recorded_packages "$handler")"
    add_packages "$handler"
    add_archive "$handler"
    check_programs "$handler" ''
  done
}

# The record stands before what it names, so that a run which was stopped is made good by the next.
write_record() {
  local handler=$1 text
  text=$(
    printf 'label %s\n' "$(of "$handler" label)"
    of "$handler" folder | awk '{print "folder", $1}'
    sed '/^$/d; s/^/brought /' <<<"$2"
  )
  replace_file 0644 "$(record_of "$handler")" "$text"
}
recorded_packages() { if [[ -f $(record_of "$1") ]]; then recorded "$1" brought; fi; }

load_modules_of() {
  local module device fault
  while read -r module device; do
    fault=$(module_fault "$module" "$device")
    [[ -z $fault ]] ||
      fail "loading $module for the handler $1 on $NODE_NAME: found $fault; install the kernel's extra modules, or boot a kernel that has it"
  done < <(of "$1" module)
}

add_packages() {
  local handler=$1 packages before
  mapfile -t packages < <(of "$handler" package)
  ((${#packages[@]} > 0)) || return 0
  before=$(installed_packages)
  install_packages "${packages[@]/%/=*}"
  write_record "$handler" "$(printf '%s\n%s\n' "$(recorded_packages "$handler")" "$(comm -13 <(printf '%s\n' "$before") <(installed_packages))" | sort -u)"
}

# add_archive HANDLER: it becomes the handler's folder once its checksum is known and its programs have run.
add_archive() {
  local handler=$1 url sums folder inside mark=handler-$1 programs wanted found
  read -r url sums < <(of "$handler" archive) || return 0
  read -r folder inside < <(of "$handler" folder)
  mapfile -t programs < <(paths_below "$handler" "$folder")
  wanted="$sums $folder ${programs[*]}"
  if is_applied "$mark" "$wanted" "${programs[@]}"; then return 0; fi
  say "installing $handler from $url"
  rm -f "/etc/kubelab/applied/$mark"
  make_folder "${folder%/*}"
  # Of a run that was killed. Beside the folder there is room for it, and what is there may be run.
  rm -rf "${folder%/*}/.${folder##*/}".kubelab-*
  staging=$(mktemp -d "${folder%/*}/.${folder##*/}.kubelab-XXXXXX")
  download "$handler" "$url" "$staging/archive" 1500
  check_sum "$handler" "$url" "$staging/archive" "$sums"
  mkdir "$staging/unpacked"
  logged "unpacking $url on $NODE_NAME" tar --extract --file "$staging/archive" --directory "$staging/unpacked" --no-same-owner
  rm -f "$staging/archive"
  found=$staging/unpacked
  [[ $inside == . ]] || found+=/$inside
  [[ -d $found ]] || fail "unpacking $url on $NODE_NAME: found $(unpacked_names), and no folder $inside; it is no archive of $handler"
  chmod 0755 "$found"
  check_programs "$handler" "$folder" "$found"
  if [[ -e $folder ]]; then mv --no-target-directory "$folder" "$staging/former"; fi
  mv --no-target-directory "$found" "$folder"
  sync "${folder%/*}"
  rm -rf "$staging"
  staging=''
  mark_applied "$mark" "$wanted" "${programs[@]}"
}

unpacked_names() { find "$staging/unpacked" -mindepth 1 -maxdepth 1 -printf '%f ' | sed 's/ $//'; }
paths_below() { { of "$1" program && of "$1" file; } | awk -v folder="$2/" 'index($1, folder) == 1 {print $1}'; }

# check_sum HANDLER URL FILE SUMS: of as many digits as each has.
check_sum() {
  local sum found=''
  for sum in $4; do
    case ${#sum} in
      64) found=sha256:$(sha256sum "$3" | cut -d ' ' -f 1) ;;
      *) found=sha512:$(sha512sum "$3" | cut -d ' ' -f 1) ;;
    esac
    [[ ${found#*:} != "$sum" ]] || return 0
  done
  fail "checking $2 on $NODE_NAME: found ${found%%:*} ${found#*:} of $(stat -c %s "$3") bytes, wanted $4; nothing of $1 was installed; look at what the server sends: curl -v --location $2"
}

# check_programs HANDLER FOLDER [PLACE]: each is there and runs; what is to be in FOLDER is looked for in PLACE.
check_programs() {
  local handler=$1 path argument place said
  while read -r path argument; do
    place=$path
    [[ -z $2 || $path != "$2"/* ]] || place=$3${path#"$2"}
    said=$(timeout 60 "$place" "$argument" 2>&1) ||
      fail "running $path $argument of the handler $handler once on $NODE_NAME: $(tail -n 1 <<<"${said:-no word of it}"); it is no program for this machine, or not whole"
  done < <(of "$handler" program)
  while read -r path; do
    place=$path
    [[ -z $2 || $path != "$2"/* ]] || place=$3${path#"$2"}
    [[ -s $place ]] || fail "looking for $path of the handler $handler on $NODE_NAME: it is not there, or empty; another version may have it elsewhere"
  done < <(of "$handler" file)
}

remove_handlers() {
  local handler folder packages
  for handler in $(leaving_handlers); do
    say "removing the handler $handler from $NODE_NAME"
    while read -r folder; do
      [[ $folder != /opt/?* ]] || rm -rf "$folder"
    done < <(recorded "$handler" folder)
    mapfile -t packages < <(recorded "$handler" brought | comm -12 - <(installed_packages))
    # Not by apt, which would take along what was installed since and needs them.
    ((${#packages[@]} == 0)) || package_tool dpkg --purge "${packages[@]}" ||
      say "warning: removing ${packages[*]}, which came with the handler $handler: $(package_words); they stay"
    rm -f "/etc/kubelab/applied/handler-$handler" "$(record_of "$handler")"
  done
}

# handlers_at_exit STATUS: of what was begun and not done.
handlers_at_exit() {
  [[ -z ${staging:-} ]] || rm -rf "$staging"
  (($1 == 0)) || label_again
}
