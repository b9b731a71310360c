"""Files that a user declares, and the components of the control plane that are given some."""
