"""From a file, or from what Pulumi hands over, to plain data within bounds; nothing here knows what a lab is.

The flow: `regular_files` (bytes and text of a file), `yaml_reader` (text to data), `document` (both, faults
as problems).
"""
