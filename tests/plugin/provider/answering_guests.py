"""The plugin where every guest's ssh server has the host key that it was given: the simulated host has no guests.

Started as the plugin itself is: python tests/plugin/provider/answering_guests.py [FLAG ...] ENGINE_ADDRESS
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[3])

import provider.__main__  # noqa: E402, F401 - loads what the plugin loads, and nothing else of the SDK
from provider.plugin import main  # noqa: E402
from provider.vsphere.model import Heard, SshAnswer  # noqa: E402

main(sys.argv[1:], ask_ssh=lambda _address, _host_key: SshAnswer(Heard.OUR_KEY))
