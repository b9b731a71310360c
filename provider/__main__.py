"""Starts the plugin: the engine runs `python <this directory> <engine address>`."""

import sys
from pathlib import Path

# Run as a directory, Python puts that directory first on its path; the plugin's modules are a package beside it.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from provider.plugin import main  # noqa: E402 - needs the path set above

if __name__ == "__main__":
    main(sys.argv[1:])
