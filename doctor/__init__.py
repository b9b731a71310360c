"""make doctor: what each node's runtime is declared, configured, answering and reported to be, as a table for people.

Beside it, whether virtual machines run on a node, certificates that end soon, and what the host is kept from.

Here: reading a stack's state and asking its machines. Not here: what is compared (compare.sh of components/scripts).
"""
