"""Steps that make nodes a cluster, change it, and prove that it works.

Beside them the data they share: kubeadm's documents, mounts of the control plane's components, certificates' lifetimes.
"""
