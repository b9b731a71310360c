"""The steps, one module each: a `Step`, and the pure `environment` that it is given.

From a machine to a node that a cluster can take in (node/), then what makes nodes a cluster and proves it (cluster/).
Not here: which step waits for which (the components), the shell itself (components/scripts).
"""
