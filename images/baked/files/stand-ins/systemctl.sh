#!/usr/bin/env bash
# Stands before systemctl in the root of an image, where no systemd runs. What is kept in files is the real one's; a
# service that a step starts runs by its unit's own command line, behind its unit's own socket.
set -euo pipefail

state=/run/kubelab-daemons
folders=(/etc/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system)
# A bridge and rules of the firewall would be this machine's, whose network it is.
declare -A more=(
  [dockerd]='--bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false'
  [crio]='--disable-hostport-mapping'
)

on_files() { SYSTEMD_OFFLINE=1 exec /usr/bin/systemctl "$@"; }

# unit_file UNIT
unit_file() {
  local folder
  for folder in "${folders[@]}"; do
    if [[ -f $folder/$1 ]]; then
      echo "$folder/$1"
      return 0
    fi
  done
  return 1
}

# values UNIT KEY: of its file, without drop-ins; a line that ends in a backslash goes on.
values() {
  local file
  file=$(unit_file "$1") || return 0
  sed -e ':more' -e '/\\$/ {N; s/\\\n/ /; b more' -e '}' "$file" | sed -n "s/^$2=//p"
}

is_active() { [[ -s $state/$1.pid ]] && kill -0 "$(<"$state/$1.pid")" 2>/dev/null; }

start() {
  local unit=${1%.service} needed command socket file program
  ! is_active "$unit" || return 0
  for needed in $(values "$unit.service" Requires) $(values "$unit.service" Wants); do
    [[ $needed != *.service ]] || ! unit_file "$needed" >/dev/null || start "$needed"
  done
  command=$(values "$unit.service" ExecStart | tail -n 1)
  [[ -n $command ]] || { echo "no command to start $1 by" >&2 && return 1; }
  program=${command%% *}
  command+=" ${more[${program##*/}]:-}"
  socket=$(values "$unit.socket" ListenStream | head -n 1)
  [[ -z $socket ]] || command="systemd-socket-activate --listen=$socket $command"
  (
    set -a
    eval "$(values "$unit.service" Environment)"
    for file in $(values "$unit.service" EnvironmentFile); do
      # shellcheck disable=SC1090
      [[ ! -f ${file#-} ]] || . "${file#-}"
    done
    set +aeu
    eval "exec setsid $command" </dev/null >>"$state/$unit.log" 2>&1
  ) &
  echo $! >"$state/$unit.pid"
}

stop() {
  local unit=${1%.service} pid try
  is_active "$unit" || return 0
  pid=$(<"$state/$unit.pid")
  kill -TERM "$pid"
  for ((try = 0; try < 300; try++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  rm -f "$state/$unit.pid"
}

# Whoever was started last may need those before.
stop_all() {
  local file
  while read -r file; do stop "$(basename "$file" .pid)"; done < <(ls -t "$state"/*.pid 2>/dev/null)
}

main() {
  local verb='' word units=()
  for word in "$@"; do
    if [[ $word == -* ]]; then continue; elif [[ -z $verb ]]; then verb=$word; else units+=("$word"); fi
  done
  case $verb in
    enable | disable | is-enabled | mask | unmask | list-unit-files) on_files "$@" ;;
    is-active) is_active "${units[0]%.service}" || return 3 ;;
    start) for word in "${units[@]}"; do start "$word"; done ;;
    stop) for word in "${units[@]}"; do stop "$word"; done ;;
    restart) for word in "${units[@]}"; do stop "$word" && start "$word"; done ;;
    stop-all) stop_all ;;
  esac
}

main "$@" </dev/null
