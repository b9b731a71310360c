"""The offline mirror: a signed apt repository, an OCI registry and a file server, filled from Go modules and Debian.

What a closed network would offer in place of the upstream addresses belongs here; nothing that runs on a node does.
`programs` are built or fetched, packed by `apt` and `images`, and served by `serving`; parts.py puts it together.
"""
