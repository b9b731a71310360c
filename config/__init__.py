"""What a user may write, read once, checked once, frozen. Here: the checked lab and the one error there is.

`config.load` has the way in. This package itself loads no schema, so that what the schema asks for its words (the
records of container runtimes, pod networks, guest systems) can use these types.
"""

from config.lab import (
    ClusterConfig,
    DeclaredFile,
    ExtraArg,
    HandlerConfig,
    LabConfig,
    NodeConfig,
    PodNetworkConfig,
    Role,
    RuntimeChange,
    SiteConfig,
    SshConfig,
    Taint,
)
from config.platform import (
    AddressesConfig,
    CardConfig,
    ExistingMachineConfig,
    ExtraDiskConfig,
    ImageConfig,
    MachineConfig,
    MirrorsConfig,
    NestedVirtualization,
    RegistryConfig,
    TlsConfig,
    VsphereConfig,
)
from config.problems import ConfigError, Problem

__all__ = [
    "AddressesConfig",
    "CardConfig",
    "ClusterConfig",
    "ConfigError",
    "DeclaredFile",
    "ExistingMachineConfig",
    "ExtraArg",
    "ExtraDiskConfig",
    "HandlerConfig",
    "ImageConfig",
    "LabConfig",
    "MachineConfig",
    "MirrorsConfig",
    "NestedVirtualization",
    "NodeConfig",
    "PodNetworkConfig",
    "Problem",
    "RegistryConfig",
    "Role",
    "RuntimeChange",
    "SiteConfig",
    "SshConfig",
    "Taint",
    "TlsConfig",
    "VsphereConfig",
]
