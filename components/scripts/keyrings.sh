# shellcheck shell=bash
# The keys that apt trusts for kubelab's repositories, each for its own: fetched, read, and cut down to the pinned one.
# library: files.sh
# library: downloads.sh

# What prepared a machine says here which keys it has, so that a later step fetches one again that was renewed.
apt_keys=/etc/kubelab/apt-keys

# fetch_keys LINES: LINES of keyring path, URL of the key, fingerprint or "-". A key that is there as it was fetched stays.
fetch_keys() {
  local keyring url fingerprint
  while read -r keyring url fingerprint; do
    is_applied "${keyring##*/}" "$url $fingerprint" "$keyring" || fetch_key "$keyring" "$url" "$fingerprint"
  done <<<"$1"
  replace_file 0644 "$apt_keys" "$1"
}

# A key that expired is published anew under the same address.
renew_keys() {
  local keyring url fingerprint
  [[ -s $apt_keys ]] || return 0
  say "fetching the repositories' keys again"
  while read -r keyring url fingerprint; do fetch_key "$keyring" "$url" "$fingerprint"; done <"$apt_keys"
}

# fetch_key KEYRING URL FINGERPRINT: "-" takes any key, of a mirror whose certificate was verified.
fetch_key() {
  local keyring=$1 url=$2 wanted=$3 folder
  folder=$(mktemp -d)
  download 'the package key' "$url" "$folder/key"
  grep -q 'BEGIN PGP PUBLIC KEY BLOCK' "$folder/key" ||
    fail "checking the package key $url on $(uname -n): found no armoured OpenPGP key; open the address in a browser"
  if [[ $wanted != - ]]; then pick_key "$folder" "$url" "$wanted"; fi
  install_file 0644 "$folder/key" "$keyring"
  rm -rf "$folder"
  mark_applied "${keyring##*/}" "$url $wanted" "$keyring"
}

# pick_key FOLDER URL FINGERPRINT: leaves in FOLDER/key nothing but the key of that fingerprint: whoever can add a key to
# a file that apt trusts signs packages with it.
pick_key() {
  local folder=$1 url=$2 wanted=$3 octets found='' others='' fingerprint='' heads starts ends kinds index
  dearmored <"$folder/key" >"$folder/octets" 2>/dev/null || true
  mapfile -t octets < <(od -A n -v -t u1 -w1 "$folder/octets" | tr -d ' ')
  read_packets || fail "checking the package key $url on $(uname -n): found no OpenPGP key that can be read; open the address in a browser"
  for index in "${!kinds[@]}"; do
    if ((kinds[index] == 6)); then
      fingerprint=$(fingerprint_of "${starts[index]}" "${ends[index]}")
      if [[ $fingerprint == "$wanted" ]]; then found=$wanted; else others+="${others:+, }$fingerprint"; fi
    fi
    # Signatures, names and subkeys are the primary key's before them.
    case ${kinds[index]} in 2 | 6 | 13 | 14 | 17) [[ $fingerprint != "$wanted" ]] || octets_of "${heads[index]}" "${ends[index]}" ;; esac
  done >"$folder/picked"
  [[ -n $found ]] ||
    fail "checking the package key $url on $(uname -n): found fingerprint ${others:-none}, wanted $wanted; the repository has another key: look for an announcement of its owner before you trust it"
  [[ -z $others ]] || say "warning: the package key $url on $(uname -n): left out $others, as only $wanted is trusted"
  armored "$folder/picked" >"$folder/key"
}

armored() {
  printf -- '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n'
  base64 --wrap 64 "$1"
  printf '=%s\n' "$(octet_string "$(checksum <"$1")" 3 | base64)"
  printf -- '-----END PGP PUBLIC KEY BLOCK-----\n'
}

# RFC 9580, 6.1.1: gpg 2.2 does not read a block without it.
checksum() {
  local crc=$((0xB704CE)) octet
  while read -r octet; do
    crc=$((crc ^ octet << 16))
    for _ in {1..8}; do crc=$(((crc << 1) ^ (crc >> 23 & 1) * 0x1864CFB)); done
  done < <(od -A n -v -t u1 -w1)
  echo "$crc"
}

# As apt reads it: the first block, without its headers and its checksum.
dearmored() {
  awk '{sub(/\r$/, "")} /^-----BEGIN / {inside = 1; next} /^-----END / && inside {exit} inside && /^$/ {body = 1; next} body && !/^=/' |
    base64 --decode
}

# read_packets: leaves kind, header, start and end of each packet in `octets` (RFC 9580, 4.2); fails where it is no sequence of
# whole packets.
read_packets() {
  local position=0 tag size length first
  heads=() starts=() ends=() kinds=()
  while ((position < ${#octets[@]})); do
    tag=${octets[position]} first=${octets[position + 1]:-0}
    ((tag & 128)) || return 1
    heads+=("$position")
    if ((tag & 64)); then
      kinds+=("$((tag & 63))")
      if ((first < 192)); then
        size=1 length=$first
      elif ((first < 224)); then
        size=2 length=$((((first - 192) << 8) + ${octets[position + 2]:-0} + 192))
      elif ((first == 255)); then
        size=4 length=$(number "$((position + 2))" 4) position=$((position + 1))
      else
        return 1
      fi
    else
      kinds+=("$((tag >> 2 & 15))")
      ((size = 1 << (tag & 3), size < 8)) || return 1
      length=$(number "$((position + 1))" "$size")
    fi
    position=$((position + 1 + size))
    starts+=("$position")
    position=$((position + length))
    ends+=("$position")
    ((length > 0 && position <= ${#octets[@]})) || return 1
  done
  ((${#kinds[@]} > 0))
}

# number START COUNT: octets as one number.
number() {
  local index value=0
  for ((index = $1; index < $1 + $2; index++)); do value=$((value << 8 | ${octets[index]:-0})); done
  echo "$value"
}

# octets_of START END: that part of the file.
octets_of() { dd if="$folder/octets" iflag=skip_bytes,count_bytes skip="$1" count="$(($2 - $1))" status=none; }

# octet_string NUMBER COUNT: the number in so many octets.
octet_string() { printf '%b' "$(printf "%0$((2 * $2))x" "$1" | sed 's/../\\x&/g')"; }

# fingerprint_of START END: of a key of version 4 (RFC 9580, 5.5.4.2), which apt's verifier knows.
fingerprint_of() {
  if ((octets[$1] != 4 || $2 - $1 > 65535)); then
    printf 'a key of version %s' "${octets[$1]}"
    return
  fi
  { octet_string 153 1 && octet_string "$(($2 - $1))" 2 && octets_of "$1" "$2"; } | sha1sum | cut -d ' ' -f 1 | tr '[:lower:]' '[:upper:]'
}
