"""A vCenter as a place of machines: what of its inventory is meant, and what machines get there."""
