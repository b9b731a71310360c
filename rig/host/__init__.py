"""What the lab uses and changes on the machine it runs on, and how that is put back: container engine, network, kernel
settings, firewall. What runs there for longer is in rig/services.
"""
