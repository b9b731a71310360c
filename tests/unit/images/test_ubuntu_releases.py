"""Which key and which place are official."""

from images.ubuntu.make import origin_of
from images.ubuntu.releases import RELEASES, SIGNING_KEY
from images.ubuntu.signature import primary_fingerprints


def test_the_official_key_is_pinned_for_every_release() -> None:
    assert {origin_of(release).fingerprint for release in RELEASES} == {SIGNING_KEY}
    assert SIGNING_KEY == "D2EB44626FDDC30B513D5BB71A5D6C4C7DB87C81"
    assert origin_of(RELEASES[1]).folder == "https://cloud-images.ubuntu.com/releases/noble/release"


def test_sub_keys_do_not_count_as_keys() -> None:
    def fpr(digit: str) -> str:
        return f"fpr:::::::::{digit * 40}:\n"

    said = f"pub:-:255:22:AAAA:1:::::::\n{fpr('A')}uid:::::::::x:\nsub:-:255:18:BBBB:1:::\n{fpr('B')}"
    assert primary_fingerprints(said) == ("A" * 40,)
