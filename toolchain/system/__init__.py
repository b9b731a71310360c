"""The machine we run on: facts, packages, commands, files that hold secrets.

Nothing that outlives a command: services are the embedded lab's (rig/services).
"""
