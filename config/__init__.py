"""The strict door: what a user may write, read once, checked once, frozen. Here: schema, rules, versions, messages.

Not here: anything that talks to a host, to Pulumi or to a network. Files are read in `load` and `site_files` alone.
"""

from config.lab import (
    AddressesConfig,
    ClusterConfig,
    ExtraArg,
    ImageConfig,
    LabConfig,
    MachineConfig,
    MirrorsConfig,
    NodeConfig,
    PodNetworkConfig,
    RegistryConfig,
    SiteConfig,
    SshConfig,
    TlsConfig,
    VsphereConfig,
)
from config.load import load, load_file
from config.problems import ConfigError, Problem

__all__ = [
    "AddressesConfig",
    "ClusterConfig",
    "ConfigError",
    "ExtraArg",
    "ImageConfig",
    "LabConfig",
    "MachineConfig",
    "MirrorsConfig",
    "NodeConfig",
    "PodNetworkConfig",
    "Problem",
    "RegistryConfig",
    "SiteConfig",
    "SshConfig",
    "TlsConfig",
    "VsphereConfig",
    "load",
    "load_file",
]
