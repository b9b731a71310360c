"""Debian's guest images: a root file system of signed packages, and the disk that it becomes."""
