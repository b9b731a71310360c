# shellcheck shell=bash
# Files from servers of others.

# download WHAT URL FILE [SECONDS]: by https alone, also where a server sends elsewhere.
download() {
  local said
  said=$(curl --proto '=https' --proto-redir '=https' --fail --silent --show-error --location --retry 3 \
    --max-time "${4:-60}" --output "$3" "$2" 2>&1) ||
    fail "fetching $1 from $2 on $(uname -n): ${said:-no word from curl}; on the machine run: curl -v --location $2"
}
