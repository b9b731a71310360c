"""What the owner of a lab puts on a node's machine: files, and keys of people who log in. Pure."""

from components.guest_file import GuestFile, render_files
from components.step import Step
from config import NodeConfig, SiteConfig

STEP = Step("08-place-files.sh", timeout_seconds=300, argument="place", removal="remove")
_KEPT = Step(STEP.file, STEP.timeout_seconds, argument=STEP.argument)


def step(node: NodeConfig) -> Step:
    """The step of a node. On a machine that exists nothing is done when it is deleted.

    Leaving the machine takes all away; and of one that was installed anew nobody is there any more to ask.
    """
    return _KEPT if node.existing else STEP


def is_wanted(node: NodeConfig, site: SiteConfig) -> bool:
    """Whether anything is declared to be placed on a node, or may have been and must go when it is declared no more."""
    return bool(node.existing or node.files or site.ssh.authorized_keys)


def has_secrets(node: NodeConfig) -> bool:
    """Whether a file of the node is a secret, so that what the step is given is one."""
    return any(file.secret for file in node.files)


def environment(node: NodeConfig, site: SiteConfig) -> dict[str, str]:
    """What the step is given."""
    files = [GuestFile(file.path, file.text.get_secret_value(), file.mode) for file in node.files]
    return {
        "NODE_NAME": node.name,
        "OWN_FILES": render_files(files),
        "SSH_USER": site.user_of(node),
        "AUTHORIZED_KEYS": "\n".join(site.ssh.authorized_keys),
    }
