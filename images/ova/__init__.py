"""A disk as OVA: descriptor, manifest, compressed disk."""
