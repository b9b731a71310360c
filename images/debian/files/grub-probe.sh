#!/bin/sh
# Stands in for grub-probe while the image is made: its root is no device yet, and what it will be is known.
for argument; do
  case $argument in
    --target=*) target=${argument#--target=} ;;
  esac
done
case $target in
  compatibility_hint) echo hd0,gpt1 ;;
  device) echo "PARTUUID=@ROOT_PARTITION@" ;;
  fs) echo ext2 ;;
  fs_uuid) echo "@ROOT@" ;;
  hints_string) echo "--hint-bios=hd0,gpt1 --hint-efi=hd0,gpt1 " ;;
  partmap) echo gpt ;;
  partuuid) echo "@ROOT_PARTITION@" ;;
esac
