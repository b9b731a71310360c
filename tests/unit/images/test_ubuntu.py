"""Official images are taken from a server only with a good signature, by the pinned key, of the right checksum."""

import io
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from images.store import Image, ImageStore
from images.ubuntu.make import OVA_BYTES, Origin, make
from images.ubuntu.releases import RELEASES
from tests.unit.images.official import Answers, Signer, new_signer, serving, sums_of
from toolchain.errors import SetupError
from toolchain.progress import Progress

NAME = "ubuntu-24.04-server-cloudimg-amd64.ova"
OVA = bytes(range(256)) * 20_000


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Signer, Signer]]:
    """The official one, and another."""
    folder = tmp_path_factory.mktemp("signers")
    made = (new_signer(folder / "official"), new_signer(folder / "other"))
    yield made
    for signer in made:
        subprocess.run(["gpgconf", "--homedir", str(signer.home), "--kill", "all"], check=True, timeout=30)


@dataclass(frozen=True, slots=True)
class World:
    answers: Answers
    store: ImageStore
    origin: Origin
    said: io.StringIO

    def make(self) -> Image:
        return make("ubuntu-24.04", self.origin, self.store, Progress(self.said))

    def refusal(self) -> str:
        """The error of making the image; nothing is left in the store then."""
        with pytest.raises(SetupError) as caught:
            self.make()
        assert "\n" not in str(caught.value)
        assert [each.name for each in self.store.folder.iterdir() if each.name != "lock"] == []
        return str(caught.value)


@pytest.fixture
def world(signers: tuple[Signer, Signer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    signer, _ = signers
    (tmp_path / "store").mkdir()
    (tmp_path / "SHA256SUMS").write_bytes(sums_of({"other.img": b"", NAME: OVA}))
    answers = Answers(
        {
            f"/noble/{NAME}": OVA,
            "/noble/SHA256SUMS": (tmp_path / "SHA256SUMS").read_bytes(),
            "/noble/SHA256SUMS.gpg": signer.signature(tmp_path / "SHA256SUMS"),
            f"/key?{signer.fingerprint}": signer.public_key(),
        }
    )
    with serving(answers, tmp_path) as address:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        monkeypatch.setenv("no_proxy", "*")
        origin = Origin(f"{address}/noble", RELEASES[1].names, signer.fingerprint, f"{address}/key?")
        yield World(answers, ImageStore(tmp_path / "store"), origin, io.StringIO())


pytestmark = pytest.mark.host


def test_a_signed_image_is_taken_and_said_where_from(world: World, signers: tuple[Signer, Signer]) -> None:
    image = world.make()
    assert (world.store.folder / image.file).read_bytes() == OVA
    assert image.source.startswith(f"{world.origin.folder}/{NAME}, SHA256SUMS signed 20")
    assert image.source.endswith(signers[0].fingerprint)


def test_an_image_that_is_there_is_not_fetched_again(world: World) -> None:
    first = world.make()
    world.answers.asked.clear()
    assert world.make() == first
    assert f"/noble/{NAME}" not in [path for path, _ in world.answers.asked]
    assert "cached" in world.said.getvalue()


def test_a_key_that_is_given_as_a_file_is_not_fetched(world: World, tmp_path: Path) -> None:
    (tmp_path / "key.asc").write_bytes(world.answers.files.pop(f"/key?{world.origin.fingerprint}"))
    assert replace(world, origin=replace(world.origin, key=tmp_path / "key.asc")).make().sha256


def test_sums_that_were_changed_after_signing_are_refused(world: World) -> None:
    world.answers.files["/noble/SHA256SUMS"] += b"\n"
    assert "no good signature by the key" in world.refusal()


def test_a_signature_by_another_key_is_refused(world: World, signers: tuple[Signer, Signer], tmp_path: Path) -> None:
    world.answers.files["/noble/SHA256SUMS.gpg"] = signers[1].signature(tmp_path / "SHA256SUMS")
    assert "no good signature by the key" in world.refusal()


def test_a_key_with_another_fingerprint_is_not_taken(world: World, signers: tuple[Signer, Signer]) -> None:
    world.answers.files[f"/key?{world.origin.fingerprint}"] = signers[1].public_key()
    assert re.search(f"found {signers[1].fingerprint}, wanted: the key {signers[0].fingerprint}", world.refusal())


def test_a_key_that_comes_along_with_the_right_one_signs_nothing(
    world: World, signers: tuple[Signer, Signer], tmp_path: Path
) -> None:
    world.answers.files[f"/key?{world.origin.fingerprint}"] += signers[1].public_key()
    world.answers.files["/noble/SHA256SUMS.gpg"] = signers[1].signature(tmp_path / "SHA256SUMS")
    assert "no good signature by the key" in world.refusal()


def test_an_error_page_in_the_place_of_the_key_is_refused(world: World) -> None:
    world.answers.files[f"/key?{world.origin.fingerprint}"] = b"<html>not found</html>"
    assert "no OpenPGP key in it" in world.refusal()


def test_an_error_page_in_the_place_of_the_signature_is_refused(world: World) -> None:
    world.answers.files["/noble/SHA256SUMS.gpg"] = b"<html>not found</html>"
    assert "no good signature by the key" in world.refusal()


def test_an_image_with_another_checksum_is_refused(world: World) -> None:
    world.answers.files[f"/noble/{NAME}"] = b"<html>moved</html>"
    assert re.search(r"sha256 [0-9a-f]{64}, wanted: [0-9a-f]{64}, as signed; it is not taken", world.refusal())


def test_an_image_that_breaks_off_is_taken_up_where_it_ended(world: World) -> None:
    world.answers.broken[f"/noble/{NAME}"] = 1
    assert world.make().sha256
    ranges = [asked for path, asked in world.answers.asked if path == f"/noble/{NAME}"]
    assert ranges == [None, f"bytes={len(OVA) // 2}-"]


def test_an_image_that_breaks_off_twice_is_refused(world: World) -> None:
    world.answers.broken[f"/noble/{NAME}"] = 2
    assert f"of {len(OVA)} bytes" in world.refusal()


def test_what_is_not_there_is_said_with_the_servers_answer(world: World) -> None:
    del world.answers.files["/noble/SHA256SUMS"]
    assert f"fetching {world.origin.folder}/SHA256SUMS: the server answers 404" in world.refusal()


def test_sums_without_the_image_name_what_was_looked_for(
    world: World, signers: tuple[Signer, Signer], tmp_path: Path
) -> None:
    (tmp_path / "SHA256SUMS").write_bytes(sums_of({"other.img": b""}))
    world.answers.files["/noble/SHA256SUMS"] = (tmp_path / "SHA256SUMS").read_bytes()
    world.answers.files["/noble/SHA256SUMS.gpg"] = signers[0].signature(tmp_path / "SHA256SUMS")
    assert f"no {NAME} and no noble-server-cloudimg-amd64.ova in it" in world.refusal()


def test_a_server_that_nobody_vouches_for_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    monkeypatch.setenv("SSL_CERT_DIR", "/dev/null")
    assert "CERTIFICATE_VERIFY_FAILED" in world.refusal()


def test_a_redirection_away_from_tls_is_refused(world: World) -> None:
    world.answers.redirects["/noble/SHA256SUMS"] = "http://localhost:9/SHA256SUMS"
    assert "which is not https" in world.refusal()


def test_an_answer_larger_than_any_such_file_is_refused(world: World) -> None:
    world.answers.files["/noble/SHA256SUMS"] = bytes(2 << 20)
    assert f"at most {1 << 20} are taken" in world.refusal()
    assert OVA_BYTES > 1 << 30
