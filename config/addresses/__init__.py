"""Addresses of machines: what a user may write of them, in which network they lie, and by what MACs they are known."""
