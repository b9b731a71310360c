"""What each known minor of Kubernetes takes: facts generated from its own source, and the check of settings by them.

Not here: which releases are known (config/versions.py), which settings kubelab owns (config/passthrough.py).
"""
