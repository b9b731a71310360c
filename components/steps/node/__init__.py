"""Steps that bring one machine as far as a kubelet, each for a node alone, and the inspection of what it became.

Beside them the data they share: images, files of the operating system, the kubelet's patch, traces.
"""
