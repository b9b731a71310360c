# shellcheck shell=bash
# Which operating system the machine runs, what to do where it is not the declared one, and what that is known to break.
: "${GUEST_SYSTEM:?ID and VERSION_ID of /etc/os-release that the node must have}"
: "${KNOWN_SYSTEMS:?lines of: ID, VERSION_ID, the word for that system}"
: "${UNFIT_SYSTEMS:?lines of: IDs separated by commas, why no node can have such a system}"
: "${KNOWN_FAULT?what the AppArmor of the declared system breaks in pods of this runtime; empty: nothing is known}"

# release_value NAME: of /etc/os-release; a system that is not released yet has no VERSION_ID.
# shellcheck disable=SC1091
release_value() { (. /etc/os-release && printf '%s' "${!1:-}"); }

running_system() { printf '%s %s' "$(release_value ID)" "$(release_value VERSION_ID)" | sed 's/ $//'; }

# why_unfit: why no node can have a system of this machine's kind; fails where nothing is known against it.
why_unfit() {
  local names reason kind
  for kind in $(release_value ID) $(release_value ID_LIKE); do
    while read -r names reason; do
      [[ ,$names, != *,$kind,* ]] || { printf '%s' "$reason" && return 0; }
    done <<<"$UNFIT_SYSTEMS"
  done
  return 1
}

# system_remedy FOUND
system_remedy() {
  local id version word reason others=''
  if reason=$(why_unfit); then
    printf 'no node can have it: %s; %s %s' "$reason" "$(remedy 'use an image of' 'choose a machine that runs')" "$GUEST_SYSTEM"
    return 0
  fi
  while read -r id version word; do
    if [[ $1 == "$id $version" ]]; then
      printf '%s' "$(remedy "say it where the image is named: {ova: ..., sha256: ..., system: $word}; or use an image of $GUEST_SYSTEM" "write system: $word at platform/existing/machines/$NODE_NAME of the site file")"
      return 0
    fi
    [[ $1 != "$id" && $1 != "$id "* ]] || others+=" $word"
  done <<<"$KNOWN_SYSTEMS"
  printf '%s %s%s' "$(remedy 'use an image of' 'choose a machine that runs')" "$GUEST_SYSTEM" "${others:+, or of another system of its kind:${others// /, }}" | sed 's/:, /: /'
}

has_apparmor() { [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]]; }

# apparmor_fault: what AppArmor is known to break on this machine; empty: nothing.
apparmor_fault() {
  [[ -n $KNOWN_FAULT ]] && has_apparmor || return 0
  printf '%s' "$KNOWN_FAULT"
}
