"""What to look at when no step can reach its machine: pulumi-command itself says only that it dialled in vain."""

import re

import pulumi

_DIALLED = re.compile(r"after (\d+) failed attempts: (?:ssh: handshake failed: )?(?P<reason>[^\n]*)")
_ANOTHER_KEY = "host key mismatch"


def advice(step: str, errors: list[str]) -> str | None:
    """What to look at once a step's connection failed; None for another failure.

    `errors` are pulumi-command's, the newest first.
    """
    dialled = _DIALLED.search(errors[0]) if errors else None
    if dialled is None:
        return None
    reason = dialled["reason"]
    if _ANOTHER_KEY in reason:
        return (
            f"reaching the machine of {step}: found another host key than its own ({reason}); look for another machine "
            "at its address, which a lease that was not reserved may have given away; one of platform/existing that "
            "was installed anew has another, which `make adopt HOST=...` prints"
        )
    return (
        f"reaching the machine of {step}: found no ssh there ({reason}); look at its power and its console, whether it "
        "still has this address (pulumi refresh asks), the route from here to it and a firewall between, and "
        "sshd on it; then run pulumi up again"
    )


def error_hook() -> pulumi.ErrorHook:
    """Says it below the failed step's own error. Needs a running program; one serves all of its steps."""

    def say(failed: pulumi.ErrorHookArgs) -> bool:
        text = advice(failed.name, failed.errors)
        if text is not None:
            pulumi.log.error(text)
        return False

    return pulumi.ErrorHook("unreachable", say)
