"""`python -m upstream [MINOR...]`: writes config/kubernetes/<minor>.json of each minor, or of all. Minutes of Go."""

import shutil
import sys
from pathlib import Path

from toolchain.errors import SetupError
from upstream.generation import VERSIONS, file_of, generated


def main(minors: list[str]) -> int:
    """Writes the files and says which changed; the exit status is 1 when one could not be made."""
    go = shutil.which("go")
    unknown = sorted(set(minors) - set(VERSIONS))
    if go is None or unknown:
        fault = (
            f"found no version of {', '.join(unknown)} in upstream/generation.py" if unknown else "found no go on PATH"
        )
        print(f"generating what Kubernetes takes: {fault}; known: {', '.join(VERSIONS)}", file=sys.stderr)
        return 1
    for minor in minors or VERSIONS:
        try:
            text = generated(VERSIONS[minor], Path(go))
        except SetupError as error:
            print("\n".join([str(error), *error.evidence]), file=sys.stderr)
            return 1
        file = file_of(minor)
        changed = not file.is_file() or file.read_text() != text
        file.write_text(text)
        print(f"{file.name}: {'written' if changed else 'as it was'}, {len(text) // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
