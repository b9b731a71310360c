"""The vSphere driver: sessions, inventory, images and the life of a virtual machine on a standalone ESXi host.

Nothing here imports pulumi; values that cross to the plugin are plain data and the exceptions of errors.py.
"""
