"""What a host shows that the simulator cannot be brought to: answers are rewritten on their way."""

import re
from collections.abc import Callable

from tests.vsphere.fault_proxy import Action, FaultProxy, Rule

Rewrite = Callable[[bytes], bytes]
MANY = 100_000
QUESTION = (
    '<val xsi:type="VirtualMachineQuestionInfo"><id>1</id><text>msg.uuid.moved: Did you\nmove it, or copy it?</text>'
    "<choice><choiceInfo><label>Cancel</label><summary>Cancel</summary><key>0</key></choiceInfo>"
    "<choiceInfo><label>I Moved It</label><summary>I Moved It</summary><key>1</key></choiceInfo>"
    "<defaultIndex>0</defaultIndex></choice></val>"
)
TRUE = '<val xsi:type="xsd:boolean">true</val>'


def text(value: str) -> str:
    """A text as the value of a property."""
    return f'<val xsi:type="xsd:string">{value}</val>'


def show(proxy: FaultProxy, kind: str, name: str, value: str) -> None:
    """From now on all objects of this type have this value of a property."""
    for method, rewrite in showing(kind, name, value):
        proxy.add(Rule(method, Action.REWRITE_ANSWER, MANY, rewrite=rewrite))


def showing(kind: str, name: str, value: str) -> tuple[tuple[str, Rewrite], ...]:
    """How answers of a host are rewritten, by method, that show all objects of a type with this value of a property."""
    return (
        ("RetrievePropertiesEx", _with(kind, name, value, "propSet", "")),
        ("WaitForUpdatesEx", _with(kind, name, value, "changeSet", "<op>assign</op>")),
    )


def _with(kind: str, name: str, value: str, element: str, operation: str) -> Callable[[bytes], bytes]:
    shown = f"<{element}><name>{name}</name>{operation}{value}</{element}>".encode()
    own = re.compile(rf"<{element}><name>{re.escape(name)}</name>.*?</{element}>".encode(), re.DOTALL)
    obj = re.compile(rf'(<obj type="{kind}">[^<]*</obj>)'.encode())
    return lambda answer: obj.sub(lambda found: found[0] + shown, own.sub(b"", answer))


def replace_in(proxy: FaultProxy, method: str, old: str, new: str) -> None:
    """From now on answers to a method have other text (`old` is a regular expression)."""
    pattern = re.compile(old.encode(), re.DOTALL)
    proxy.add(
        Rule(method, Action.REWRITE_ANSWER, MANY, rewrite=lambda answer: pattern.sub(lambda _: new.encode(), answer))
    )
