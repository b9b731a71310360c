#!/usr/bin/env bash
# Says what keeps guests from running on this machine, as result on stdout: what was found, and what to do, a line each.
# library: virtualization.sh

main() { virtualization_fault; }

main </dev/null
