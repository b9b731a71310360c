"""Parts: things that are built once from pinned inputs, kept in a cache, and linked to where they are used.

What a part consists of is said by who needs it; here is only how parts come into being.
"""
