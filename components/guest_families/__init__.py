"""What releases of one distribution have in common: each record in guest_systems/ is one call of its family's function.

Not here: a release's own facts (components/guest_systems), how a node is prepared (components/scripts).
"""
