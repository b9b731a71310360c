"""The vSphere driver: machines, images, and the place where they are made.

api/ is how the vSphere API is called, images/ how an image gets onto a datastore; a machine's settings are the table in
desired.py. Nothing here imports pulumi; values that cross to the plugin are plain data and the exceptions of errors.py.
"""
