"""The small OVA that the rig offers as its VM image: an OVF descriptor, a manifest and an empty disk.

What runs on the node is not in here: on the simulated host a VM is a container (rig/node).
"""
