"""Key pairs and images through the protocol, as the engine uses it."""

from cryptography.hazmat.primitives.serialization import load_ssh_private_key, load_ssh_public_key
from pulumi.runtime.proto import provider_pb2

from provider import wire
from tests.plugin.provider.driver import (
    IMAGE,
    KEY_PAIR,
    Plugin,
    Resource,
    wrapped,
)
from tests.vsphere.simulator import DATASTORE, Simulator


def test_a_key_pair_is_an_ed25519_pair_whose_private_half_is_secret(key_pair: Resource) -> None:
    outputs, secret = wire.decode(key_pair.state)
    private = load_ssh_private_key(outputs["privateKey"].encode(), None)
    assert private.public_key() == load_ssh_public_key(outputs["publicKey"].encode())
    assert outputs["publicKey"].startswith("ssh-ed25519 ")
    assert outputs["publicKey"].endswith(" w1")
    assert secret == {"privateKey"}


def test_a_key_pair_survives_refresh_and_a_new_comment(configured: Plugin, key_pair: Resource) -> None:
    refreshed = configured.refresh(key_pair)
    assert refreshed is not None
    assert refreshed.outputs == key_pair.outputs

    answer = configured.diff(key_pair, wrapped({"comment": "other"}))
    assert not answer.replaces
    updated = configured.update(key_pair, wrapped({"comment": "other"}))
    assert updated.outputs["privateKey"] == key_pair.outputs["privateKey"]
    assert updated.outputs["publicKey"].split()[:2] == key_pair.outputs["publicKey"].split()[:2]
    assert updated.outputs["publicKey"].endswith(" other")


def test_two_key_pairs_differ(configured: Plugin, key_pair: Resource) -> None:
    other = configured.create(KEY_PAIR, "other", wrapped({"comment": "w1"}))
    assert other.outputs["publicKey"] != key_pair.outputs["publicKey"]


def test_an_image_tells_its_disk_and_lives_until_its_last_user_leaves(
    configured: Plugin, simulator: Simulator, image: Resource
) -> None:
    assert image.outputs["diskPath"].startswith(f"[{DATASTORE}] kubelab-base-{image.outputs['sha256'][:12]}/")
    assert image.outputs["capacityKiB"] == 1024 * 1024
    second = configured.create(IMAGE, "second", image.inputs)
    assert second.outputs["diskPath"] == image.outputs["diskPath"]

    configured.delete(image)
    assert len(simulator.machines()) == 1
    assert configured.refresh(image) is None
    assert configured.refresh(second) is not None

    configured.delete(second)
    configured.delete(second)
    assert simulator.machines() == {}


def test_an_image_is_replaced_by_other_content_and_not_by_another_path(configured: Plugin, image: Resource) -> None:
    inputs = image.outputs
    moved = configured.diff(image, wrapped({**inputs, "ova": "/elsewhere.ova"}))
    other = configured.diff(image, wrapped({**inputs, "sha256": "0" * 64}))
    assert moved.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert list(other.replaces) == ["sha256"]
    assert not other.deleteBeforeReplace
