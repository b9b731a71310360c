"""From a file, or from what Pulumi hands over, to plain data within bounds; nothing here knows what a lab is.

The flow: `regular_files` (bytes and text of a file), `yaml_reader` and `json_reader` (text to data), `plain_data` (what
data may be), `document` (a file as data, its faults as problems). `guard` is round all that reads and checks.
"""
