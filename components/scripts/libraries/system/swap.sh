# shellcheck shell=bash
# Swap, which a kubelet refuses: off now, and whatever would bring it back at a boot. What was done is recorded, for a reset.

# Lines of: units that were masked. One of an earlier kubelab is empty, and means swap.target.
masked_swap=/etc/kubelab/masked-swap
any_swap_unit=/etc/systemd/system/swap.d/kubelab.conf
cloud_swap=/etc/cloud/cloud.cfg.d/zz-kubelab-swap.cfg
# Services of Debian's and Ubuntu's packages that make swap themselves.
swap_services=(dphys-swapfile.service zram-config.service zramswap.service zram-swap.service swapspace.service systemd-swap.service)
unit_folders=(/etc/systemd/system /run/systemd/generator /run/systemd/generator.late /usr/local/lib/systemd/system /usr/lib/systemd/system)

disable_swap() {
  local unit found
  mask_swap swap.target
  hold_swap_units
  comment_fstab
  quiet_cloud_init
  while read -r unit; do mask_swap "$unit"; done < <(swap_units)
  if [[ -n $(swapon --noheadings --show) ]]; then
    say 'turning swap off'
    found=$(swapoff -a 2>&1) || fail "turning swap off on $NODE_NAME: $found; free memory, or raise machine.memoryMiB"
  fi
  found=$({ swap_units && other_swap; } | paste -sd ',' | sed 's/,/, /g')
  [[ -z $found ]] || fail "keeping swap off on $NODE_NAME: the next boot would turn it on by $found; remove that, or build the image without it"
}

# swap_units: what is not masked of systemd's swap units, whoever wrote or generates them, and of the known services.
swap_units() {
  local unit
  {
    systemctl list-unit-files --no-legend --plain --type swap || true
    zram_units
    systemctl list-unit-files --no-legend --plain "${swap_services[@]}" 2>/dev/null || true
  } | awk '{print $1}' | sort -u | while read -r unit; do is_masked "$unit" || echo "$unit"; done
}

is_masked() { [[ "/etc/systemd/system/$1" -ef /dev/null || $(systemctl is-enabled "$1" 2>/dev/null) == masked ]]; }

# Of systemd's zram-generator, which runs at a boot and may not have run since it was installed.
zram_units() {
  compgen -G '/usr/lib/systemd/system-generators/zram-generator' >/dev/null || return 0
  cat /{etc,run,usr/local/lib,usr/lib}/systemd/zram-generator.conf{,.d/*.conf} 2>/dev/null |
    sed -nE 's/^\[(zram[0-9]+)\].*/dev-\1.swap/p' || true
}

# mask_swap UNIT: a unit file in the place of the mask itself is set aside.
mask_swap() {
  local file=/etc/systemd/system/$1
  is_masked "$1" && return 0
  install -D -m 0644 /dev/null "$masked_swap.new"
  if [[ -f $masked_swap ]]; then { [[ -s $masked_swap ]] || echo swap.target; } | cat - "$masked_swap" >"$masked_swap.new"; fi
  echo "$1" >>"$masked_swap.new"
  mv "$masked_swap.new" "$masked_swap"
  [[ ! -e $file && ! -L $file ]] || mv "$file" "$file.kubelab-disabled"
  [[ $1 == *.target ]] || systemctl stop "$1" >/dev/null 2>&1 || true
  systemctl mask --quiet "$1"
  say "masked $1"
}

# Units that come later, by whichever hand or generator: of each, systemd reads what holds for all of its kind.
hold_swap_units() {
  [[ ! -f $any_swap_unit ]] || return 0
  install -d -m 0755 "${any_swap_unit%/*}"
  printf '[Unit]\nConditionPathExists=!%s\n' "$masked_swap" >"$any_swap_unit"
  systemctl daemon-reload
}

# Of fstab's lines, those whose third field is swap.
comment_fstab() {
  local swap='^[[:space:]]*[^#[:space:]][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap([[:space:]]|$)'
  grep -qsE "$swap" /etc/fstab || return 0
  sed -i -E "/$swap/ s/^/# kubelab: /" /etc/fstab
  systemctl daemon-reload
}

# An image's own configuration of cloud-init makes a swap file on each machine it takes for a new one.
quiet_cloud_init() {
  grep -qsE '^swap:' /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg || return 0
  [[ -f $cloud_swap ]] || printf 'swap: {size: 0}\n' >"$cloud_swap"
}

# other_swap: what turns swap on and is no unit of a known kind: it may do more than that, so that it is named only.
other_swap() {
  local file unit
  if [[ -x /etc/rc.local ]] && grep -qE '^[^#]*\bswapon\b' /etc/rc.local; then echo /etc/rc.local; fi
  grep -lsE '^[^#]*@reboot.*\bswapon\b' /etc/crontab /etc/cron.d/* /var/spool/cron/crontabs/* || true
  { find "${unit_folders[@]}" -maxdepth 1 -name '*.service' -exec grep -lE '^ExecStart(Pre|Post)?=.*\bswapon\b' {} + 2>/dev/null || true; } |
    while read -r file; do
      unit=${file##*/}
      is_masked "$unit" || ! systemctl is-enabled --quiet "$unit" 2>/dev/null || echo "$file"
    done
}

# restore_swap: the units, the files set aside and fstab's lines as they were.
restore_swap() {
  local unit file
  [[ ! -f /etc/fstab ]] || sed -i 's/^# kubelab: //' /etc/fstab
  rm -f "$cloud_swap" "$any_swap_unit"
  find "${any_swap_unit%/*}" -maxdepth 0 -empty -delete 2>/dev/null || true
  [[ -f $masked_swap ]] || return 0
  while read -r unit; do
    systemctl unmask "$unit"
    file=/etc/systemd/system/$unit
    [[ ! -f $file.kubelab-disabled ]] || mv "$file.kubelab-disabled" "$file"
  done < <(if [[ -s $masked_swap ]]; then cat "$masked_swap"; else echo swap.target; fi)
}
