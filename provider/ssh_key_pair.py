"""kubelab:index:SshKeyPair: an ed25519 key pair, made once; it lives in the state and nowhere else."""

import hashlib
from collections.abc import Mapping, Sequence

from provider.resource import Change, Found, Operation, PropertyChange, changed
from provider.wire import UNKNOWN, Properties


class SshKeyPair:
    """Inputs: comment. Outputs: privateKey (OpenSSH PEM, secret), publicKey ("ssh-ed25519 AAAA... comment")."""

    token = "kubelab:index:SshKeyPair"
    secret_keys = frozenset({"privateKey"})
    stable_keys: tuple[str, ...] = ("privateKey",)
    delete_before_replace = False
    is_on_a_target = False

    def check(self, news: Properties) -> Mapping[str, str]:
        """A comment is one line of text."""
        comment = news.get("comment", "")
        if not isinstance(comment, str) or any(mark in comment for mark in "\r\n"):
            return {"comment": f"found {comment!r}, wanted one line of text"}
        return {}

    def diff(self, olds: Properties, news: Properties) -> list[PropertyChange]:
        """Only the comment can change."""
        return changed(olds, news, {"comment": Change.UPDATE})

    def replacement(self, _olds: Properties, _news: Properties, _changes: Sequence[PropertyChange]) -> str | None:
        """Nothing that a user has is lost with it."""
        return None

    def preview_create(self, _operation: Operation, inputs: Properties) -> Properties:
        """The keys are not known before they are made."""
        return {**inputs, "privateKey": UNKNOWN, "publicKey": UNKNOWN}

    def create(self, _operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Makes a key pair; the id is a digest of the public key."""
        private, public = _new_pair()
        outputs = {**inputs, "privateKey": private, "publicKey": _with_comment(public, inputs)}
        return hashlib.sha256(public.encode()).hexdigest()[:32], outputs

    def read(self, _operation: Operation, id_: str, inputs: Properties, outputs: Properties) -> Found | None:
        """It is what the state says; there is nothing to import."""
        return Found(id_, inputs, outputs) if outputs.get("privateKey") else None

    def preview_update(self, operation: Operation, olds: Properties, news: Properties) -> Properties:
        """As update: it touches nothing."""
        return self.update(operation, "", olds, news)

    def update(self, _operation: Operation, _id: str, olds: Properties, news: Properties) -> Properties:
        """The comment is part of the public key's line."""
        return {**olds, **news, "publicKey": _with_comment(olds["publicKey"], news)}

    def delete(self, _operation: Operation, _id: str, _olds: Properties) -> None:
        """Nothing is left of it once it is out of the state."""


def _new_pair() -> tuple[str, str]:
    """The private half as OpenSSH PEM, the public one as "ssh-ed25519 AAAA..."."""
    # Imported here: most runs make no key, and start without it.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return private.decode(), key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _with_comment(public: str, inputs: Properties) -> str:
    algorithm_and_key = " ".join(public.split()[:2])
    return f"{algorithm_and_key} {inputs.get('comment', '')}".strip()
