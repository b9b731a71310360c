# shellcheck shell=bash
# Whether a guest runs on this machine, which running one shows and nothing less; and if none does, what keeps it: the
# host, the machine's flag, or its kernel.
: "${RUN_GUEST?program that runs a guest, Python; empty: nobody asks}"

kernel_said() {
  local said
  said=$(journalctl --dmesg --output=cat --no-pager 2>/dev/null | grep -iE 'kvm|vmx|svm' | tail -n 1) || true
  [[ -z $said ]] || printf ' (the kernel: %s)' "$said"
}

# virtualization_fault: nothing if a guest runs, else two lines: what was found, and what to do.
virtualization_fault() {
  local flag module said loaded=true
  flag=$(grep -m 1 -owE 'vmx|svm' /proc/cpuinfo | head -n 1) || true
  if [[ -z $flag ]]; then
    printf 'no vmx or svm in /proc/cpuinfo%s: this CPU has no virtualization\n' "$(kernel_said)"
    echo 'look outwards at: the machine (CPU > "Expose hardware assisted virtualization to the guest OS", nestedHVEnabled), its EVC mode, VT-x or AMD-V in the BIOS of the ESXi host, the same flag of the outer machine if that host is one'
    return 0
  fi
  module=kvm_intel
  [[ $flag == vmx ]] || module=kvm_amd
  said=$(modprobe "$module" 2>&1) || loaded=false
  if [[ ! -c /dev/kvm ]]; then
    printf '%s in /proc/cpuinfo and no /dev/kvm: modprobe %s says: %s%s\n' "$flag" "$module" "${said:-nothing}" "$(kernel_said)"
    if [[ $loaded == true ]]; then
      echo 'nothing made its device: look at systemctl status systemd-udevd; a container has it from its host'
    elif [[ $said == *'not found'* ]]; then
      echo 'boot a kernel that has it, such as linux-image-amd64, and look for it in /etc/modprobe.d'
    else
      echo 'enable VT-x or AMD-V in the BIOS of the ESXi host, then power the machine off and on'
    fi
    return 0
  fi
  if said=$(python3 -c "$RUN_GUEST" 2>&1); then return 0; fi
  printf '%s and /dev/kvm, and no guest that runs: %s\n' "$flag" "${said##*$'\n'}"
  echo 'the host offers what it does not honour, as a guest of another hypervisor does: expose virtualization (EPT or RVI) to it there, or use hardware of its own'
}
