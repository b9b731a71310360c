"""The steps, one module each in the order of their scripts: a `Step`, and the pure `environment` that it is given.

Beside them the data they share: kubeadm's documents, the kubelet's patch, images, files of the operating system.
Not here: which step waits for which (the components), the shell itself (components/scripts).
"""
