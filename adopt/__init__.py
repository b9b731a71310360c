"""make adopt: the host key of a machine that exists, as a site file wants it, for comparison with its console."""
