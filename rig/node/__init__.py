"""The node: a root file system that boots as a system container, and the arguments it is started with.

It stands for a fresh VM: what a lab needs (runtime, Kubernetes, their helpers) is installed by the product, not here.
"""
