"""A lab's two files in a folder of their own, as a project has them."""

from pathlib import Path

from config import LabConfig, versions
from config.load import load_file

CASES = Path(__file__).parents[2] / "configs"
KUBERNETES = versions.TRIED
"""The version that stands in the cases as `@KUBERNETES@`."""

MINIMAL = CASES / "valid" / "01-minimal"
SHA256 = "0123456789abcdef" * 4
"""What the minimal case says of its image."""


def text_of(file: Path) -> str:
    """A file of a case, with the version of Kubernetes in its place."""
    return file.read_text().replace("@KUBERNETES@", KUBERNETES)


class LabFolder:
    """A folder with stacks/Pulumi.lab.yaml and site.yaml, which is the current folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.stack = folder / "stacks" / "Pulumi.lab.yaml"
        self.site = folder / "site.yaml"

    def edit_site(self, old: str, new: str) -> None:
        """Replaces `old`, which must be there, in the site file."""
        text = self.site.read_text()
        assert old in text
        self.site.write_text(text.replace(old, new))

    def load(self, environ: dict[str, str] | None = None) -> LabConfig:
        """What config.load says of it."""
        return load_file(self.stack, environ or {})
