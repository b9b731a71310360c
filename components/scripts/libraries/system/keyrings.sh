# shellcheck shell=bash
# The keys that apt trusts for kubelab's repositories, each for its own: fetched, and cut down to the pinned one.
# library: files.sh
# library: downloads.sh
: "${PICK_KEY?program that picks one key out of a file, Python; empty: no key has a fingerprint}"

# fetch_keys LINES: of keyring path, URL of the key, fingerprint or "-". A key that is there as it was fetched stays.
fetch_keys() {
  local keyring url fingerprint
  while read -r keyring url fingerprint; do
    is_applied "${keyring##*/}" "$url $fingerprint" "$keyring" || fetch_key "$keyring" "$url" "$fingerprint"
  done <<<"$1"
  leave_renewal "$1"
}

# A program on the machine by which the installations fetch a key again that was renewed.
leave_renewal() {
  replace_file 0700 /etc/kubelab/renew-keys "#!/usr/bin/env bash
set -euo pipefail
failed=false files_written=0
PICK_KEY=${PICK_KEY@Q}
$(declare -f say fail download replace_file install_file put_in_place make_folder mark_applied sums fetch_key)
while read -r keyring url fingerprint; do fetch_key \"\$keyring\" \"\$url\" \"\$fingerprint\"; done <<<${1@Q}"
}

# fetch_key KEYRING URL FINGERPRINT: "-" takes any key, of a mirror whose certificate was verified. Whoever can add a key
# to a file that apt trusts signs packages with it.
fetch_key() {
  local folder what others status=0
  folder=$(mktemp -d) what="checking the package key $2 on $(uname -n)"
  download 'the package key' "$2" "$folder/key"
  grep -q 'BEGIN PGP PUBLIC KEY BLOCK' "$folder/key" || fail "$what: found no armoured OpenPGP key; open the address in a browser"
  if [[ $3 != - ]]; then
    others=$(python3 -c "$PICK_KEY" "$3" <"$folder/key" 2>&1 >"$folder/picked") || status=$?
    case $status in
      0) mv "$folder/picked" "$folder/key" ;;
      1) fail "$what: found fingerprint $others, wanted $3; the repository has another key: look for its owner's announcement, and write the new one into the site file as packageKeys" ;;
      *) fail "$what: found no OpenPGP key that can be read ${others##*$'\n'}; open the address in a browser" ;;
    esac
    [[ -z $others ]] || say "warning: $what: left out $others, as only $3 is trusted"
  fi
  install_file 0644 "$folder/key" "$1"
  rm -rf "$folder"
  mark_applied "${1##*/}" "$2 $3" "$1"
}
