# shellcheck shell=bash
# Whether the machine's clock agrees with others: a certificate is valid from a moment on, and another machine's "now" may
# be before it.

# What kubeadm and the kubelet forgive is five minutes; a clock that somebody keeps right is seconds off.
clock_limit_seconds=60
clock_faults=''

# date_of HEADERS: the Date of an answer, in seconds; fails when there is none.
date_of() {
  local date
  date=$(tr -d '\r' <<<"$1" | sed -nE 's/^[Dd][Aa][Tt][Ee]: *//p' | tail -n 1)
  [[ -n $date ]] && date --date "$date" +%s 2>/dev/null
}

# compare_clock SECONDS WHOSE: remembers a difference that is too large.
compare_clock() {
  local now away side="ahead of"
  now=$(date +%s)
  away=$((now - $1))
  ((away >= 0)) || side=behind
  away=${away#-}
  ((away > clock_limit_seconds)) || return 0
  clock_faults+="; $((away / 3600)) h $((away % 3600 / 60)) min $((away % 60)) s $side $2, where it is $(date --utc --date "@$1" +%FT%TZ)"
}

# The hardware clock is the ESXi host's as the machine sees it. A machine whose time is kept by NTP, or agrees with a
# server's, goes on by that.
compare_hardware_clock() {
  local file=/sys/class/rtc/rtc0/since_epoch
  [[ -r $file && $(sed -n 3p /etc/adjtime 2>/dev/null) != LOCAL ]] || return 0
  if command -v timedatectl >/dev/null && [[ $(timedatectl show --property NTPSynchronized --value 2>/dev/null) == yes ]]; then return 0; fi
  compare_clock "$(<"$file")" "the machine's hardware clock, which the ESXi host sets"
}
