"""An image's proof: it is booted in a virtual machine and looked at."""
