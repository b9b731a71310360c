"""The resource provider plugin `kubelab`: the gRPC servicer and one module per resource type.

Not here: how vSphere is driven (vsphere/, which imports no pulumi); the program's side (components/vsphere.py).
"""
