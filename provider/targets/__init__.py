"""One target or several: what each is configured with, where a machine is, and where a new one is to be.

The resources know nothing of it: they get an operation on the target that they are on, and their properties as if it
stood alone. `settings` and `placing` are pure; `targets` has the connections.
"""
