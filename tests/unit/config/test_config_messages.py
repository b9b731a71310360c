"""What an error may show, and what it suggests."""

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError
from pydantic_core._pydantic_core import list_all_errors

from config.model import Spec, parse
from config.problems import ConfigError, Problem, closest, one_of, shown, shown_key
from config.site import SiteSpec
from config.stack import StackConfig, StackFile
from tests.unit.config.lab_folder import CASES


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("wroker", "worker"),
        ("control-plane", "controlPlane"),
        ("controlplane", "controlPlane"),
        ("CONTROL_PLANE", "controlPlane"),
        ("kubelab:controlPlane", "controlPlane"),
        ("etcd", None),
        ("", None),
    ],
)
def test_the_closest_word_is_suggested_and_no_distant_one(word: str, meant: str | None) -> None:
    assert closest(word, ["controlPlane", "worker"]) == meant


def test_a_choice_is_listed_and_the_likely_one_named() -> None:
    assert one_of("wroker", ("controlPlane", "worker")) == "allowed: controlPlane, worker (did you mean worker?)"
    assert one_of(7, ("controlPlane", "worker")) == "allowed: controlPlane, worker"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        (1.36, "the number 1.36"),
        ("a", "'a'"),
        ({"password": "hunter2"}, "a mapping"),
        (["hunter2"], "a list"),
        ("a\nb", "a text of several lines"),
        ("x" * 80, f"'{'x' * 57}...'"),
        ("https://root:hunter2@esxi.lab/sdk", "'***@esxi.lab/sdk'"),
        ("root:hun@ter 2@esxi.lab", "'***@esxi.lab'"),
        ("administrator@vsphere.local", "'administrator@vsphere.local'"),
        ("https://mirror.lab/v2?token=hunter2", "'https://mirror.lab/v2?***'"),
        ("-----BEGIN PRIVATE KEY----- hunter2", "a value that is not shown"),
        (10**300, f"the number 1{'0' * 76}..."),
    ],
)
def test_a_value_is_shown_short_and_without_what_may_be_secret(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize("key", ["password", "vspherePassword", "guest.apiToken", "clientSecret", "privateKey"])
def test_the_value_of_a_key_that_speaks_of_secrets_is_not_shown(key: str) -> None:
    assert shown("hunter2", f"machine/extraConfig/{key}") == "a value that is not shown"


def test_a_node_whose_name_speaks_of_secrets_hides_nothing() -> None:
    assert shown("wroker", "kubelab:nodes/secret-1/role") == "'wroker'"


def test_an_error_is_a_header_and_a_line_for_each_problem() -> None:
    problems = [Problem("site.yaml", "machine/cpus", "found nothing"), Problem("site.yaml", "", "cannot be read")]
    error = ConfigError("stack lab", problems)
    assert str(error).splitlines() == [
        "reading the configuration of stack lab: 2 problems",
        "site.yaml: machine/cpus: found nothing",
        "site.yaml: cannot be read",
    ]
    assert error.problems == problems


def test_a_value_below_a_key_that_speaks_of_secrets_is_not_shown() -> None:
    assert shown("hunter2", "kubelab:vspherePassword/secure") == "a value that is not shown"
    assert shown("hunter2", "registries/quay.io/passwordFile/0") == "a value that is not shown"


def test_what_follows_a_users_name_is_not_shown() -> None:
    assert shown("root:hunter2", "platform/vsphere/user") == "'root:***'"


@pytest.mark.case("D6")
@pytest.mark.parametrize(
    ("key", "as_shown"),
    [
        ("maxPods", "maxPods"),
        ("registry.lab:5000", "registry.lab:5000"),
        ("a\nb", "a\\nb"),
        ("a\0b", "a\\x00b"),
        ("puller:hunter2@registry.lab", "***@registry.lab"),
        ("x" * 200, f"{'x' * 117}..."),
    ],
)
def test_a_key_is_shown_on_one_line_and_without_a_password(key: str, as_shown: str) -> None:
    assert shown_key(key) == as_shown


@pytest.mark.case("D6")
def test_a_problem_is_one_line_whatever_it_is_made_of() -> None:
    assert str(Problem("a\nb", "c\u2028d", "e\x1b[31m")) == "a\\nb: c\\u2028d: e\\x1b[31m"
    assert len(str(Problem("a", "b", "c" * 10_000))) == 2_000


def test_a_long_list_of_what_is_allowed_is_printed_once() -> None:
    allowed = ", ".join(f"key{number}" for number in range(20))
    problems = [Problem("file", f"a/{number}", f"unknown key, allowed: {allowed}") for number in range(3)]
    assert str(ConfigError("stack lab", problems)).splitlines()[1:] == [
        f"file: a/0: unknown key, allowed: {allowed}",
        "file: a/1: unknown key, allowed: the same as for a/0",
        "file: a/2: unknown key, allowed: the same as for a/0",
    ]


PYDANTICS_WORDS = (
    "Input",
    "input",
    "valid",
    "Extra",
    "permitted",
    "JSON",
    "dictionary",
    "instance",
    "argument",
    "[key]",
)


def raised(error: dict[str, Any]) -> Problem:
    """What is said of a value of which pydantic says this."""

    def check(_: object) -> object:
        if error["type"] in ("value_error", "assertion_error"):
            raise ValueError("which is not what a probe is; remove it")
        raise PydanticKnownError(error["type"], error["example_context"])

    class Probe(Spec):
        value: Annotated[Any, BeforeValidator(check)] = Field(description="a probe of the sentence")

    _, (problem,) = parse(Probe, {"value": "x"}, "file")
    return problem


@pytest.mark.case("D20")
@pytest.mark.parametrize("error", list_all_errors(), ids=lambda error: error["type"])
def test_every_error_of_pydantic_is_said_in_kubelabs_words_with_a_remedy(error: dict[str, Any]) -> None:
    text = str(raised(error))
    assert text.startswith("file: value: ")
    assert REMEDY.search(text)
    assert [word for word in PYDANTICS_WORDS if word in text] == []


# What pydantic's validators of these kinds may say: https://docs.pydantic.dev/latest/errors/validation_errors/
ERRORS_BY_KIND = {
    "str": {"string_type", "string_unicode"},
    "int": {"int_type", "greater_than_equal", "less_than_equal"},
    "float": {"float_type"},
    "bool": {"bool_type"},
    "dict": {"dict_type"},
    "list": {"list_type"},
    "tuple": {"tuple_type"},
    "literal": {"literal_error"},
    "model": {"model_type"},
    "model-fields": {"missing", "extra_forbidden"},
    "none": {"none_required"},
    "is-instance": {"is_instance_of"},
    "tagged-union": {"union_tag_invalid", "union_tag_not_found"},
    "json-or-python": set[str](),
    "lax-or-strict": set[str](),
    **{f"function-{side}": {"value_error"} for side in ("after", "before", "wrap", "plain")},
    **{kind: set[str]() for kind in ("any", "default", "nullable", "model-field", "no-info", "with-info")},
    **{kind: set[str]() for kind in ("definitions", "definition-ref")},
}


def kinds(node: object) -> set[str]:
    """The kinds of validators in a schema of pydantic's core."""
    if isinstance(node, dict):
        own = {node["type"]} if isinstance(node.get("type"), str) else set()
        return own.union(*(kinds(inner) for key, inner in node.items() if key not in ("metadata", "serialization")))
    return set[str]().union(*map(kinds, node)) if isinstance(node, list | tuple) else set()


@pytest.mark.case("D20")
@pytest.mark.parametrize("model", [StackFile, StackConfig, SiteSpec])
def test_every_kind_of_error_that_the_models_raise_has_words_of_its_own(model: type[Spec]) -> None:
    known = {error["type"] for error in list_all_errors()}
    found = kinds(model.__pydantic_core_schema__)
    assert found - set(ERRORS_BY_KIND) == set()
    assert set[str]().union(*ERRORS_BY_KIND.values()) <= known


VERBS = "set|write|remove|choose|correct|let|save|leave|name|run|add|point"
OF_THE_PARSER = "expected|is not allowed here|cannot start any token|unexpected end of stream|found key '"
REMEDY = re.compile(
    rf"(wanted|known|allowed[a-z ]*): |did you mean"
    rf"|([,;:] |\b(or|and) )({VERBS}) |remove (it|them)|must be text|{OF_THE_PARSER}"
)


@pytest.mark.case("D20")
@pytest.mark.parametrize("case", sorted((CASES / "invalid").iterdir()), ids=lambda case: str(case.name))
def test_no_message_lacks_a_remedy(case: Path) -> None:
    lines = (case / "expected.txt").read_text().splitlines()
    assert [line for line in lines if not REMEDY.search(line)] == []
