"""kubelab's program: read what the user declared, build the lab, export what they need."""

import asyncio
import os
import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path

import pulumi
from pulumi.runtime.config import get_config_env

from components import sdk

# Before the rest is loaded: that makes many objects, too.
sdk.hasten()

from components.vsphere import MachineProvider  # noqa: E402
from config import ConfigError  # noqa: E402
from config.files import PASSWORDS_KEY  # noqa: E402
from config.load import load  # noqa: E402
from config.reading.json_reader import read_json  # noqa: E402

declared = pulumi.Config()
settings = get_config_env()
in_stack = read_json(settings.get(PASSWORDS_KEY))
own = {str(name): str(value) for name, value in in_stack.items()} if isinstance(in_stack, dict) else {}
try:
    config = load(
        stack=pulumi.get_stack(),
        cluster=read_json(declared.get("cluster")),
        nodes=read_json(declared.get("nodes")),
        site=declared.get("site"),
        base=Path(__file__).parent / "stacks",
        environ=os.environ,
        config_keys=settings,
        passwords=own,
    )
except ConfigError as error:
    pulumi.log.error(str(error))
    sys.exit(1)
for warning in config.warnings:
    pulumi.log.warn(warning)

password = declared.get_secret("vspherePassword")
passwords: dict[str, pulumi.Input[str]] = {}
for target in config.targets:
    known = own.get(target.name) or password or target.password_or_none()
    if known is None:
        pulumi.log.error(target.missing_password())
    else:
        passwords[target.name] = known
if len(passwords) < len(config.targets):
    sys.exit(1)


async def main(passwords: Mapping[str, pulumi.Input[str]]) -> None:
    """The machines' provider first: its plugin starts while the rest of the program is loaded."""
    provider = MachineProvider(config, passwords)
    await asyncio.to_thread(import_module, "components.lab")
    from components.lab import Lab

    lab = Lab(config.stack, config, provider)
    pulumi.export("kubeconfig", lab.kubeconfig)
    pulumi.export("apiEndpoint", lab.api_endpoint)
    pulumi.export("nodes", lab.nodes)


pulumi.run(partial(main, passwords))
