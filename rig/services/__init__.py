"""The lab's long-running processes: how one is started, known again and ended, and the ones there are.

What they serve is made elsewhere: rig/esxi is the simulated host's program, rig/mirror the mirror's content.
"""
