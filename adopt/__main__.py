"""`python -m adopt HOST[:PORT]`: prints what to write and what to compare; the exit status is 1 if no key was seen."""

import sys

from adopt.host_key import AdoptError, asked, parsed, shown


def main(arguments: list[str]) -> int:
    """Prints to stdout what was seen, or to stderr why nothing was."""
    try:
        where = parsed(" ".join(arguments).strip())
        print(shown(where, asked(where)), end="")
    except AdoptError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
