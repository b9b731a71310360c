"""Ubuntu's official images. Pure data.

Source: https://cloud-images.ubuntu.com/releases/<code name>/release/, where SHA256SUMS is signed by the "UEC Image
Automatic Signing Key". Its fingerprint is public in many places (Ubuntu's package ubuntu-cloudimage-keyring, projects
that pin it); a key with any other one is not taken, wherever it came from.
"""

from dataclasses import dataclass

SIGNING_KEY = "D2EB44626FDDC30B513D5BB71A5D6C4C7DB87C81"
KEY_SERVER = "https://keyserver.ubuntu.com/pks/lookup?op=get&options=mr&search=0x"
SERVER = "https://cloud-images.ubuntu.com/releases"
SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.gpg"


@dataclass(frozen=True, slots=True)
class UbuntuRelease:
    """A release: its word in a site file, its number and its code name."""

    system: str
    number: str
    codename: str

    @property
    def folder(self) -> str:
        """Where the newest official image lies."""
        return f"{SERVER}/{self.codename}/release"

    @property
    def names(self) -> tuple[str, ...]:
        """What the OVA may be called there: as released, and as among the daily images."""
        return (
            f"ubuntu-{self.number}-server-cloudimg-amd64.ova",
            f"{self.codename}-server-cloudimg-amd64.ova",
        )


RELEASES = (
    UbuntuRelease("ubuntu-22.04", "22.04", "jammy"),
    UbuntuRelease("ubuntu-24.04", "24.04", "noble"),
    UbuntuRelease("ubuntu-26.04", "26.04", "resolute"),
)
