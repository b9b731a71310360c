"""kubelab's program: read what the user declared, build the lab, export what they need."""

import os
import sys
from pathlib import Path

import pulumi
from pulumi.runtime.config import get_config_env

from components.lab import Lab
from config import ConfigError
from config.load import load

declared = pulumi.Config()
try:
    config = load(
        stack=pulumi.get_stack(),
        cluster=declared.get_object("cluster"),
        nodes=declared.get_object("nodes"),
        site=declared.get("site"),
        base=Path(__file__).parent / "stacks",
        environ=os.environ,
        config_keys=get_config_env(),
    )
except (ConfigError, pulumi.ConfigTypeError) as error:
    pulumi.log.error(str(error))
    sys.exit(1)
for warning in config.warnings:
    pulumi.log.warn(warning)

password = declared.get_secret("vspherePassword") or config.site.vsphere.password_or_none()
if password is None:
    pulumi.log.error(config.site.vsphere.missing_password())
    sys.exit(1)

lab = Lab(config.stack, config, password)
pulumi.export("kubeconfig", lab.kubeconfig)
pulumi.export("apiEndpoint", lab.api_endpoint)
pulumi.export("nodes", lab.nodes)
