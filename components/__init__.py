"""The lab as Pulumi components: one noun a file, composed in lab.py; the shell they run in guests is in scripts/.

Not here: what a user may write (config/), how vSphere is driven (provider/), anything of the embedded lab (rig/).
"""
