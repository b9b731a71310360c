"""Finds the machine that an instance UUID means, and makes sure that it is ours."""

from typing import Any

from provider.vsphere import collector, identity
from provider.vsphere.errors import ForeignError, GoneError
from provider.vsphere.host import EsxiHost


def locate(host: EsxiHost, instance: str, name: str) -> Any | None:
    """Returns the machine, by instance UUID or else by name; None if there is none.

    Raises ForeignError if one with this UUID or name exists that does not carry the mark to which the UUID belongs.
    """
    for found in (host.find_by_uuid(instance), host.find_by_name(name)):
        if found is None:
            continue
        try:
            marks = extra_config(host, found)
        except GoneError:
            continue
        if identity.is_ours(instance, marks):
            return found
        raise ForeignError(
            f"machine {name}: {host.session.name} has a machine of that name or instance UUID that {_whose(marks)}; "
            "it was left untouched; rename this node, or remove that machine yourself"
        )
    return None


def extra_config(host: EsxiHost, vm: Any) -> dict[str, str]:
    """Returns a machine's extraConfig."""
    facts = collector.read(host.session, "reading a machine's marks", vm, ["config.extraConfig"])
    return {option.key: str(option.value) for option in facts.get("config.extraConfig", [])}


def _whose(marks: dict[str, str]) -> str:
    mark = marks.get(identity.OWNER_KEY)
    return f"belongs to {mark}" if mark else "kubelab did not make"
