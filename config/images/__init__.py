"""Images of nodes: what a user may write of one, which file that is, and what it holds.

The flow: `spec` (a word, or an OVA with its checksum), `lock` (the file that knows images by a word), `finding` (from
either to a file with its guest system), `rules` (those that need all images of a lab).
"""
