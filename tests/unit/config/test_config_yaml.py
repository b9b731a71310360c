"""YAML is read strictly, and a fault is named by its place without the words around it."""

import pytest

from config.reading.yaml_reader import YamlError, read_yaml


def faults(text: str) -> list[str]:
    with pytest.raises(YamlError) as raised:
        read_yaml(text)
    return raised.value.faults


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "y", "12:30", "0123", "0x1f", "1e5", "2026-11-23", "1.36.3"]
)
def test_what_is_no_number_and_no_boolean_in_yaml_1_2_is_text(word: str) -> None:
    assert read_yaml(f"{word}: {word}") == {word: word}


@pytest.mark.parametrize(
    ("written", "value"),
    [("true", True), ("False", False), ("null", None), ("", None), ("~", None), ("-12", -12), ("1.5", 1.5), ("0", 0)],
)
def test_plain_values_have_their_types(written: str, value: object) -> None:
    read = read_yaml(f"a: {written}")
    assert read == {"a": value}
    assert isinstance(read, dict)
    assert type(read["a"]) is type(value)


def test_all_keys_that_stand_twice_are_reported() -> None:
    assert faults("a: 1\nb: {c: 1, c: 2}\na: 2\n") == [
        "line 2, column 11: found key 'c' twice (first on line 2)",
        "line 3, column 1: found key 'a' twice (first on line 1)",
    ]


@pytest.mark.parametrize("key", ["1", "true", "~", "1.5", "? [a]", "? {a: b}"])
def test_a_key_that_is_not_text_is_refused(key: str) -> None:
    assert faults(f"{key}\n: b\n" if key.startswith("?") else f"{key}: b\n")[0].endswith(
        "a key must be text: write it in quotes"
    )


def test_a_mapping_that_contains_itself_does_not_hang() -> None:
    read = read_yaml("&a {b: *a}")
    assert isinstance(read, dict)
    assert read["b"] is read


def test_an_empty_text_is_nothing() -> None:
    assert read_yaml("# a comment alone\n") is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: {b: c\nd: e\n", "line 2, column 2: not valid YAML: expected ',' or '}', but got ':'"),
        ("a:\n\tb: c\n", "line 2, column 1: not valid YAML: found character '\\t' that cannot start any token"),
        ("a: 'b\n", "line 2, column 1: not valid YAML: found unexpected end of stream"),
        (
            "a: 1\n---\nb: 2\n",
            "line 2, column 1: not valid YAML: expected a single document in the stream, but found another document",
        ),
        ("a: b\nc: \x07\n", "line 2: not valid YAML: a special character is not allowed here"),
    ],
)
def test_a_syntax_error_has_line_column_and_reason(text: str, fault: str) -> None:
    assert faults(text) == [fault]


@pytest.mark.parametrize(
    "text",
    ["password: *hunter2", "password: !hunter2 x", "password: !h!hunter2 x", "a: &hunter2 b\nc: &hunter2 d\ne: ]"],
)
def test_a_fault_does_not_repeat_the_users_words(text: str) -> None:
    assert "hunter2" not in str(faults(text))


def test_objects_of_python_are_not_made() -> None:
    assert "not valid YAML" in faults("a: !!python/object/apply:os.getcwd []")[0]
