"""The embedded lab: simulated ESXi host, its machines, offline mirror (`python -m rig up|down|status`).

What makes any Linux machine a place to run kubelab on belongs here. The tools that a real host's user needs too are in
toolchain/, from which this imports; the product knows neither.
"""
