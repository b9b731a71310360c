"""What an error may show, and what it suggests."""

import pytest

from config.problems import ConfigError, Problem, closest, one_of, shown


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
