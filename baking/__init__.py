"""What an image that is made for a stack has inside: the steps of its nodes that can be done without a machine.

`python -m baking` says them; who makes the image (images/) knows nothing of stacks, and runs what it is told.
"""
