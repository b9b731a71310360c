"""How a machine comes to be: what its guest is given, its creation, what an earlier run left, its first boot."""
