"""What a bootable disk is made of: partitions, the boot loader, file systems."""
