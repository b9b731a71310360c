"""What a record of each kind has, whichever it is: runtimes, pod networks and guest systems; how they are found. Pure.

Not here: the records themselves (components/runtimes, components/pod_networks, components/guest_systems).
"""
