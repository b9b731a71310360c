"""The tools that kubelab needs on any machine, also for a real ESXi host: `python -m toolchain` (`make setup`).

Virtual environment, host packages, Go, the Pulumi engine and its plugins, and the machinery that builds such parts.
Not here: anything of the embedded lab (rig/, which imports from here), of clusters or virtual machines (the product).
"""
