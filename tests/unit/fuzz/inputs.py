"""What is thrown at the door: whole labs, mutated by their structure, by their text, or nothing but noise.

A secret stands where secrets do: in password files, in addresses, under keys that speak of it. It must show up nowhere.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from hypothesis import strategies as st

from config.reading.yaml_reader import read_yaml
from tests.unit.config.lab_folder import CASES, text_of
from tests.unit.fuzz.hostile import LINES, SECRET
from tests.unit.fuzz.mutation import mutate, secrets_in_place

Json: TypeAlias = Any
STACK, SITE = "stacks/Pulumi.lab.yaml", "site.yaml"
CA, PASSWORD = "ca.pem", "password"
NAMED = (STACK, SITE, CA, PASSWORD)
SPECIAL = ("fifo", "folder", "device", "socket", "circle", "endless", "unreadable", "missing")
PEM = """-----BEGIN CERTIFICATE-----
MIIBCjCBsaADAgECAgEBMAoGCCqGSM49BAMCMA4xDDAKBgNVBAMMA2xhYjAgFw0y
NjAxMDEwMDAwMDBaGA8yMTI1MTIwODAwMDAwMFowDjEMMAoGA1UEAwwDbGFiMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmK6TWzFG51zfn3yyE1fOBSkgKtSPJQPx
NGsEkOsFjSSCcaqV8eshs9fIOZ0Um60Fd3vxLg4UEZMfXWDllRRlBDAKBggqhkjO
PQQDAgNIADBFAiATpvbZIXw7NT0EP4TmweO4sa5tjfBI+xgYzfTHrc9V1QIhAOju
34hB3vnlYJsB8XgyhvVsc0le5A1c+kFaUbWFa3jd
-----END CERTIFICATE-----
"""


@dataclass(frozen=True, slots=True)
class Input:
    """One lab: the content of its files, and which of them are no files at all; `engine`: as Pulumi hands it over."""

    kind: str
    files: Mapping[str, bytes]
    special: Mapping[str, str] = field(default_factory=dict)
    engine: bool = False


@cache
def bases() -> tuple[tuple[Json, Json], ...]:
    """The valid cases as data, a stack and a site each, and one in which everything that names a file does."""
    minimal = CASES / "valid" / "01-minimal"
    found = []
    for case in sorted((CASES / "valid").iterdir()):
        own = [case / name if (case / name).exists() else minimal / name for name in ("Pulumi.lab.yaml", SITE)]
        found.append(tuple(_plain(read_yaml(text_of(file))) for file in own))
    stack, site = (_plain(each) for each in found[1])
    stack["config"].pop("kubelab:vspherePassword")
    site["platform"]["vsphere"] |= {"passwordFile": PASSWORD, "tls": {"caFile": CA}}
    site["mirrors"]["caFile"] = CA
    site["registries"]["registry.lab:5000"] = {"caFile": CA, "user": "puller", "passwordFile": PASSWORD}
    site["machine"]["extraConfig"]["login.password"] = SECRET
    return (*found, *[(stack, site)] * 3)


def _plain(data: Json) -> Json:
    """A copy of its own, without what aliases share."""
    return json.loads(json.dumps(data))


def written(data: Json) -> bytes:
    """`data` as JSON, which is YAML as well; what UTF-8 cannot hold is escaped."""
    text = json.dumps(data, ensure_ascii=False, indent=1)
    return re.sub(r"[\ud800-\udfff\x7f-\x9f]", lambda each: f"\\u{ord(each[0]):04x}", text).encode()


@st.composite
def structures(draw: st.DrawFn) -> Input:
    """A valid lab with one to four changes of its data."""
    stack, site = (_plain(each) for each in draw(st.sampled_from(bases())))
    changed = draw(st.sampled_from(("stack", "site", "both")))
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        mutate(draw, site if changed == "site" else stack)
        if changed == "both":
            mutate(draw, site)
    stack, site = secrets_in_place(stack), secrets_in_place(site)
    return Input(f"structure of {changed}", _files(written(stack), written(site)))


@st.composite
def handed_over(draw: st.DrawFn) -> Input:
    """A changed stack as Pulumi hands it over."""
    stack, site = (_plain(each) for each in draw(st.sampled_from(bases())))
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        mutate(draw, stack)
    stack, site = secrets_in_place(stack), secrets_in_place(site)
    return Input("handed over by Pulumi", _files(json.dumps(stack).encode(), written(site)), engine=True)


@st.composite
def texts(draw: st.DrawFn) -> Input:
    """A valid lab with changes of its text: a stack's or a site's, lines and characters."""
    stack, site = draw(st.sampled_from(_texts()))
    of_site = draw(st.booleans())
    text = site if of_site else stack
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        at = draw(st.integers(0, len(text)))
        until = min(len(text), at + draw(st.integers(0, 12)))
        inserted = draw(st.one_of(st.sampled_from(LINES), st.text(alphabet="{}[]&*!|>'\"%@`#:-?,<\n\t a1", max_size=8)))
        text = text[:at] + inserted + text[until:]
    content = text.encode("utf-8", "surrogatepass")
    return Input(
        f"text of {'site' if of_site else 'stack'}",
        _files(stack.encode() if of_site else content, content if of_site else site.encode()),
    )


@cache
def _texts() -> tuple[tuple[str, str], ...]:
    minimal = CASES / "valid" / "01-minimal"
    return tuple(
        (
            text_of(case / "Pulumi.lab.yaml" if (case / "Pulumi.lab.yaml").exists() else minimal / "Pulumi.lab.yaml"),
            text_of(case / SITE if (case / SITE).exists() else minimal / SITE),
        )
        for case in sorted((CASES / "valid").iterdir())
    )


@st.composite
def noise(draw: st.DrawFn) -> Input:
    """Bytes or text in place of one of the files."""
    name = draw(st.sampled_from(NAMED))
    yaml_like = st.text(alphabet="{}[]&*!|>'\"%@`#:-?,<~=.\n\t abe019\\u\ufeff", max_size=200).map(str.encode)
    repeated = st.tuples(st.sampled_from(LINES), st.sampled_from((2, 50, 2_000, 50_000))).map(
        lambda each: each[0] * each[1]
    )
    content = draw(
        st.one_of(st.binary(max_size=300), yaml_like, repeated.map(lambda text: text.encode("utf-8", "replace")))
    )
    return Input("noise", {**_rich(), name: content})


@st.composite
def named_files(draw: st.DrawFn) -> Input:
    """Another content of a file that the site names."""
    name = draw(st.sampled_from((CA, PASSWORD)))
    content = _rich()[name]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content)))
        until = min(len(content), at + draw(st.integers(0, 40)))
        content = (
            content[:at]
            + draw(st.one_of(st.binary(max_size=40), st.sampled_from(LINES).map(_encoded)))
            + content[until:]
        )
    return Input("content of a named file", {**_rich(), name: content})


def special_files() -> st.SearchStrategy[Input]:
    """One of the files is none."""
    other = st.tuples(st.sampled_from(NAMED), st.sampled_from(SPECIAL))
    return other.map(lambda each: Input("no regular file", _rich(), dict([each])))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@cache
def _rich() -> dict[str, bytes]:
    stack, site = bases()[-1]
    return _files(written(stack), written(site))


def _files(stack: bytes, site: bytes) -> dict[str, bytes]:
    return {STACK: stack, SITE: site, CA: PEM.encode(), PASSWORD: f"{SECRET}\n".encode()}


KINDS: tuple[Callable[[], st.SearchStrategy[Input]], ...] = (
    *(structures, structures, structures, handed_over, texts, texts, noise, named_files, special_files),
)


def inputs() -> st.SearchStrategy[Input]:
    """Any of all kinds."""
    return st.one_of(*(kind() for kind in KINDS))
