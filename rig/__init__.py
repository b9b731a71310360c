"""The embedded lab: toolchain, simulated ESXi host, node image, offline mirror (`python -m rig setup|up|down|status`).

What makes any Linux machine a place to run kubelab on belongs here; nothing the product needs on a real ESXi host does.
"""
