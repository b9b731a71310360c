#!/bin/sh
# Packages start no services: nothing of them may run in an image before its steps do.
exit 101
