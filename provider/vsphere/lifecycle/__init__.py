"""What becomes of a machine that exists: from what it is and what it should be to changes, and these to the host."""
