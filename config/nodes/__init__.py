"""What a user may say of nodes as members of a cluster, and of who logs in to them."""
