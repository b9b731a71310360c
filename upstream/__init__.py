"""What is generated from the source of Kubernetes itself: config/kubernetes/<minor>.json, by the Go program here.

Not here: anything that a run of kubelab needs.
"""
