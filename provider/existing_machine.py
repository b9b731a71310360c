"""kubelab:index:ExistingMachine: a machine that nobody here made, known by its host key.

Making it known proves the way in, before any step dials; deleting it leaves the machine as it was found.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence

from provider import replacement
from provider.guest_login import AnotherKeyError, Ended, Limits, Login, run
from provider.guest_ssh import ask_ssh
from provider.resource import Change, Found, Operation, PropertyChange, is_of_another_platform, kind
from provider.vsphere.errors import RefusedError, UnreachableError, VsphereError
from provider.vsphere.fields import LABEL, TEXTS, TRUTH, Effect, Field, text, whole
from provider.vsphere.model import Heard, SshAnswer
from provider.wire import Properties, is_unknown

FIRST_CONTACT_SECONDS = 60.0
# Of one that is to take the place of another: a preview waits for it.
_LOOK_SECONDS = 10.0
_LOGIN_SECONDS = 30.0
# What runs there before is waited for, as the command itself does.
_LOCK_SECONDS = 900.0
_SUDO = "command -v sudo >/dev/null || exit 3; sudo -n true"
_NO_SUDO = 3
_LOOK = "look at its power, its address, the route from here to it and a firewall between, and sshd on it"

_FIELDS = (
    Field("name", LABEL, Effect.REPLACE),
    Field("address", text("a name or an IPv4 address"), Effect.IN_PLACE),
    Field("port", whole(1, 65535), Effect.IN_PLACE),
    Field("user", text("the user who logs in"), Effect.IN_PLACE),
    Field("hostKey", text("an ed25519 host key, ssh-ed25519 AAAA..."), Effect.REPLACE),
    Field("privateKey", text("a private key, PEM"), Effect.IN_PLACE, secret=True),
    Field("removalCommand", text("the command that leaves the machine as it was found"), Effect.IN_PLACE),
    Field("removalInput", text("what that command reads"), Effect.IN_PLACE),
    Field("removalSeconds", whole(1, 86400), Effect.IN_PLACE),
    Field("replaceTriggers", TEXTS, Effect.REPLACE, optional=True),
    Field("holds", text("what is lost with the machine"), Effect.NOTHING, optional=True),
    Field("allowReplace", TRUTH, Effect.NOTHING, optional=True),
)
_NEW_CLUSTER = "if the machine was installed anew, its cluster is gone: run pulumi destroy, then pulumi up"
_OF_THE_LOGIN = ("address", "port", "user", "privateKey")

Run = Callable[[Login, str, str, Limits, Callable[[str], None]], Ended]
Ask = Callable[[str, str, int], SshAnswer]


class ExistingMachine:
    """Inputs: name, address, port, user, hostKey, privateKey; removalCommand, what it reads, its seconds.

    The id is another one each time it is made known. Its host key is the machine: another one, or another value of
    `replaceTriggers`, leaves the machine as it was found and makes it known anew; so does another address of one that
    `holds` something, which is refused unless `allowReplace` is true.
    """

    token = "kubelab:index:ExistingMachine"
    secret_keys = frozenset({"privateKey"})
    stable_keys: tuple[str, ...] = ()
    is_on_a_target = False
    delete_before_replace = True  # what is undone must not be what was just done

    def __init__(self, run: Run = run, ask: Ask = ask_ssh) -> None:
        self._run = run
        self._ask = ask

    def check(self, news: Properties) -> Mapping[str, str]:
        """All faults at once; values that are not known yet pass."""
        found = {
            field.name: f"missing, wanted {field.values.wanted}"
            for field in _FIELDS
            if field.name not in news and not field.optional
        }
        for field in _FIELDS:
            if field.name in news and not is_unknown(news[field.name]):
                fault = field.fault(news[field.name])
                if fault:
                    found[field.name] = fault
        return found | dict.fromkeys(sorted(news.keys() - {field.name for field in _FIELDS}), "unknown property")

    def diff(self, olds: Properties, news: Properties) -> list[PropertyChange]:
        """Another machine, or another way to the same one."""
        changes = []
        for field in _FIELDS:
            if field.effect is Effect.NOTHING or olds.get(field.name) == news.get(field.name):
                continue
            is_another = field.effect is Effect.REPLACE or (field.name == "address" and bool(news.get("holds")))
            change = Change.REPLACE if is_another else Change.UPDATE
            changes.append(PropertyChange(field.name, kind(field.name, olds, news), change))
        return changes

    def replacement(self, olds: Properties, news: Properties, changes: Sequence[PropertyChange]) -> str | None:
        """Refused if the machine holds what would be lost, and the word is missing.

        A machine that was made is destroyed before this one takes its place: refused without a way into this one.
        """
        is_moved = is_of_another_platform(olds, news)
        try:
            warning = replacement.warning(olds, news, changes, becomes="what kubelab put on it is removed")
        except RefusedError as refused:
            hint = "" if is_moved else f"; {_NEW_CLUSTER}"
            raise RefusedError(f"{refused}{hint}") from None
        if is_moved and not any(is_unknown(news[key]) for key in (*_OF_THE_LOGIN, "hostKey")):
            self._prove(news, Limits(_LOOK_SECONDS, _LOGIN_SECONDS, lambda: False), lambda _line: None)
        return warning

    def preview_create(self, _operation: Operation, inputs: Properties) -> Properties:
        """All is known before, but for the id."""
        return dict(inputs)

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Proves that the machine is the declared one and lets the user in, who becomes root without a password."""
        self._prove(inputs, *_of(operation))
        return f"{inputs['name']}-{secrets.token_hex(8)}", dict(inputs)

    def read(self, _operation: Operation, id_: str, inputs: Properties, outputs: Properties) -> Found | None:
        """What answers at its address; there is nothing to import."""
        if not outputs:
            return None
        login = _login(outputs)
        answer = self._ask(login.address, login.host_key, login.port)
        machine = f"machine {outputs['name']}"
        reasons = {
            Heard.OUR_KEY: (),
            Heard.NOTHING: (f"{machine}: found no ssh at {login.where}: {answer.evidence}; {_LOOK}",),
            Heard.ANOTHER_KEY: (f"{machine}: {_another_key(login, answer.evidence)}",),
        }
        return Found(id_, inputs, outputs, reasons[answer.heard])

    def preview_update(self, _operation: Operation, olds: Properties, news: Properties) -> Properties:
        """Nothing is asked."""
        return {**olds, **news}

    def update(self, operation: Operation, _id: str, olds: Properties, news: Properties) -> Properties:
        """Another way in is proven, and one that a refresh found closed."""
        is_other = any(olds.get(key) != news.get(key) for key in _OF_THE_LOGIN)
        if is_other or not self.diff(olds, news):
            self._prove(news, *_of(operation))
        return {**olds, **news}

    def delete(self, operation: Operation, _id: str, olds: Properties) -> None:
        """Leaves the machine as it was found; one that was installed anew meanwhile has nothing of ours."""
        name, login = olds["name"], _login(olds)
        doing = f"leaving machine {name} ({login.where}) as it was found"
        operation.progress(f"leaving {login.where} as it was found")
        limits = Limits(
            operation.seconds or FIRST_CONTACT_SECONDS,
            float(olds["removalSeconds"]) + _LOCK_SECONDS + _LOGIN_SECONDS,
            operation.cancelled,
        )
        try:
            ended = self._run(login, olds["removalCommand"], olds["removalInput"], limits, operation.progress)
        except AnotherKeyError as error:
            operation.info(
                f"machine {name}: found another host key at {login.where} ({error}) than that of the machine that "
                "kubelab knew: it was installed anew, or another one has its address; nothing was changed there"
            )
            return
        except UnreachableError as error:
            raise UnreachableError(f"{doing}: {error}; {_way_out(operation)}") from None
        except RefusedError as error:
            raise RefusedError(f"{doing}: found no way in ({error}); {_way_in(login)}; {_way_out(operation)}") from None
        except VsphereError as error:
            raise type(error)(f"{doing}: {error}") from None
        if ended.status != 0:
            raise VsphereError(f"{doing}: exit status {ended.status}: {ended.said}; correct it and run it again")

    def _prove(self, inputs: Properties, limits: Limits, progress: Callable[[str], None]) -> None:
        login = _login(inputs)
        doing = f"logging in to machine {inputs['name']}"
        progress(f"logging in to {login.where}")
        try:
            ended = self._run(login, _SUDO, "", limits, progress)
        except AnotherKeyError as error:
            raise RefusedError(f"{doing}: {_another_key(login, str(error))}") from None
        except UnreachableError as error:
            raise UnreachableError(f"{doing}: found no ssh at {login.where}: {error}; {_LOOK}") from None
        except RefusedError as error:
            raise RefusedError(f"{doing}: {login.where} lets {login.user} not in ({error}); {_way_in(login)}") from None
        except VsphereError as error:
            raise type(error)(f"{doing}: {error}") from None
        if ended.status == _NO_SUDO:
            raise RefusedError(
                f"{doing}: found no sudo at {login.where}; run there as root: apt-get install --yes sudo"
            )
        if ended.status != 0:
            raise RefusedError(
                f"{doing}: found that {login.user} becomes root at {login.where} not without a password "
                f"({ended.said}); write there in /etc/sudoers.d/{login.user}: {login.user} ALL=(ALL) NOPASSWD: ALL"
            )


def _of(operation: Operation) -> tuple[Limits, Callable[[str], None]]:
    """For how long a machine is dialled that is to become known, and who is told of it."""
    limits = Limits(operation.seconds or FIRST_CONTACT_SECONDS, _LOGIN_SECONDS, operation.cancelled)
    return limits, operation.progress


def _login(properties: Properties) -> Login:
    return Login(
        str(properties["address"]),
        int(properties["port"]),
        str(properties["user"]),
        str(properties["hostKey"]),
        str(properties["privateKey"]),
    )


def _another_key(login: Login, evidence: str) -> str:
    return (
        f"found another host key at {login.where} ({evidence}) than the declared one: the machine was installed anew, "
        f"or another one has its address; run `make adopt HOST={login.where}`, compare what it prints with the "
        "machine's console, and write that hostKey in the site file"
    )


def _way_in(login: Login) -> str:
    return (
        "add the line that `ssh-keygen -y -f FILE` prints of the privateKeyFile to .ssh/authorized_keys of "
        f"{login.user} there"
    )


def _way_out(operation: Operation) -> str:
    return (
        "run it again once the machine answers; or, if it is gone for good or may keep what is on it, "
        f"`pulumi state delete --target-dependents '{operation.urn}'` first"
    )
