"""Debian images with what a stack needs already inside: its runtimes, its Kubernetes packages and its images.

The flow: `wish` (what a stack wants inside, as it says itself), `bake` (its steps, run in a root file system), `root`
(such a root as a tar, kept by content), `make` (the OVA).
"""
