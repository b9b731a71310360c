# shellcheck shell=bash
# Modules of the kernel whose device shows that they are there; nothing is unloaded for them.

# module_fault MODULE DEVICE: what was found in place of the device, with the kernel's reason; nothing if it is there.
module_fault() {
  local said
  said=$(modprobe "$1" 2>&1) || true
  [[ -c $2 ]] || printf 'no %s; modprobe %s says: %s' "$2" "$1" "${said:-nothing}"
}
