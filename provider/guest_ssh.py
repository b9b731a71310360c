"""What a guest's ssh server says of itself: its host key, read without logging in."""

import asyncio
import os

from provider.vsphere.model import Heard, SshAnswer

PORT = 22
SECONDS = 5.0
ALGORITHM = "ssh-ed25519"


def ask_ssh(address: str, host_key: str, port: int = PORT) -> SshAnswer:
    """Whether the ssh server at `address` has this host key ("ssh-ed25519 AAAA...") and its private half.

    Takes five seconds at most.
    """
    import asyncssh  # only a run that makes or starts a machine asks

    async def presented() -> asyncssh.SSHKey | None:
        asked = asyncssh.get_server_host_key(address, port, config=None, server_host_key_algs=[ALGORITHM])
        return await asyncio.wait_for(asked, SECONDS)

    try:
        key = asyncio.run(presented())
    except TimeoutError:
        return SshAnswer(Heard.NOTHING, f"no answer within {SECONDS:g} s")
    except asyncssh.KeyExchangeFailed as error:
        return SshAnswer(Heard.ANOTHER_KEY, f"none of the kind {ALGORITHM}: {error.reason}")
    except asyncssh.Error as error:
        return SshAnswer(Heard.NOTHING, error.reason)
    except OSError as error:
        return SshAnswer(Heard.NOTHING, os.strerror(error.errno) if error.errno else str(error))
    if key is None:
        return SshAnswer(Heard.NOTHING, "it ended before its key was seen")
    found = key.export_public_key().decode().split()
    if found[:2] == host_key.split()[:2]:
        return SshAnswer(Heard.OUR_KEY)
    return SshAnswer(Heard.ANOTHER_KEY, f"{key.get_fingerprint()}")
