"""YAML is read strictly, and a fault is named by its place without the words around it."""

import pytest

from config.reading.yaml_reader import YamlError, read_yaml


def faults(text: str) -> list[str]:
    with pytest.raises(YamlError) as raised:
        read_yaml(text)
    return raised.value.faults


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "y", "12:30", "0123", "-007", "0b1", "1_000", "1e", ".", "2026-11-23", "1.36.3"]
)
def test_what_is_no_number_and_no_boolean_in_yaml_1_2_is_text(word: str) -> None:
    assert read_yaml(f"{word}: {word}") == {word: word}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("", None),
        ("~", None),
        ("-12", -12),
        ("1.5", 1.5),
        ("0", 0),
        ("+3", 3),
    ],
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


@pytest.mark.case("D8")
@pytest.mark.parametrize("text", ["&a {b: *a}", "a: &a [*a]", "a: &a {<<: *a}", "a: &a {b: {c: [*a]}}"])
def test_a_value_that_contains_itself_is_one_line(text: str) -> None:
    (fault,) = faults(text)
    assert fault.endswith(": found an alias inside what it names; write the value out")


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
    assert faults("a: !!python/object/apply:os.getcwd []") == [
        "line 1, column 4: found a tag that means nothing here; remove it"
    ]


@pytest.mark.case("D12")
@pytest.mark.parametrize(
    ("written", "value"),
    [
        *(("1e3", 1000.0), ("1E+3", 1000.0), ("-1.5e-3", -0.0015), (".5", 0.5), ("-.5", -0.5), ("5.", 5.0)),
        *(("0x1F", 31), ("0o17", 15), ("00.5", 0.5), ("433e40", 433e40)),
    ],
)
def test_a_number_of_the_core_schema_is_a_number(written: str, value: float) -> None:
    read = read_yaml(f"a: {written}")
    assert read == {"a": value}
    assert isinstance(read, dict)
    assert type(read["a"]) is type(value)


@pytest.mark.case("D12")
@pytest.mark.parametrize("word", ["1e3", ".5", "0x1F", "5."])
def test_a_key_that_is_a_number_of_the_core_schema_needs_quotes(word: str) -> None:
    assert faults(f"{word}: a") == ["line 1, column 1: a key must be text: write it in quotes"]
    assert read_yaml(f"'{word}': a") == {word: "a"}


@pytest.mark.case("D3")
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("!!int hunter2", "line 1, column 4: found a value that is not what its tag !!int says; remove the tag"),
        ("!!float hunter2", "line 1, column 4: found a value that is not what its tag !!float says; remove the tag"),
        ("!!bool hunter2", "line 1, column 4: found a value that is not what its tag !!bool says; remove the tag"),
        ("!!null hunter2", "line 1, column 4: found a value that is not what its tag !!null says; remove the tag"),
        (
            "!!omap hunter2",
            "line 1, column 4: found the tag !!omap, which does not fit here; remove it, and write a text in quotes",
        ),
        (
            "!!binary hunter2",
            "line 1, column 4: found the tag !!binary, which does not fit here; remove it, and write a text in quotes",
        ),
        ("!!set {hunter2}", "line 1, column 4: found the tag !!set, which does not fit here; remove it"),
        (
            "!!map hunter2",
            "line 1, column 4: found the tag !!map, which does not fit here; remove it, and write a text in quotes",
        ),
        ("!hunter2 a", "line 1, column 4: found a tag that means nothing here; remove it, and write a text in quotes"),
        ("!hunter2 [a]", "line 1, column 4: found a tag that means nothing here; remove it"),
        (
            '"hunter2\\U00110000"',
            "line 1, column 14: not valid YAML: found an escape or a number that means nothing; remove it",
        ),
    ],
)
def test_a_tag_or_escape_that_does_not_fit_is_one_line_without_the_value(value: str, said: str) -> None:
    assert faults(f"a: {value}") == [said]


@pytest.mark.case("D3")
@pytest.mark.parametrize(
    ("written", "value"),
    [("!!str 5", "5"), ("!!int '5'", 5), ("!!float 5", 5.0), ("!!bool 'true'", True), ("!!seq []", [])],
)
def test_a_tag_that_fits_is_taken_at_its_word(written: str, value: object) -> None:
    assert read_yaml(f"a: {written}") == {"a": value}


@pytest.mark.case("D4")
@pytest.mark.parametrize(
    "text", ["[" * 1000, "- " * 1000, "{a: " * 1000, "".join(f"{' ' * n}a:\n" for n in range(1000))]
)
def test_what_is_nested_too_deep_is_one_line(text: str) -> None:
    (fault,) = faults(text)
    assert fault.endswith("found more than 32 mappings or lists inside each other; write them less deep")


@pytest.mark.case("D8")
def test_merge_keys_that_multiply_take_no_time_and_give_what_they_say() -> None:
    tens = (", ".join([f"*a{level}"] * 10) for level in range(12))
    lines = "".join(f"  a{level}: &a{level} {{<<: [{each}]}}\n" for level, each in enumerate(tens, start=1))
    read = read_yaml(f"a:\n  a0: &a0 {{maxPods: 60}}\n{lines}")
    assert read == {"a": {f"a{level}": {"maxPods": 60} for level in range(13)}}


def test_a_key_of_its_own_wins_over_merged_ones_and_an_earlier_merge_over_a_later() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {x: 3, <<: [*a, *b]}\nd: {<<: *b, x: 4}"
    assert read_yaml(text) == {
        "a": {"x": 1, "y": 1},
        "b": {"x": 2, "z": 2},
        "c": {"x": 3, "y": 1, "z": 2},
        "d": {"x": 4, "z": 2},
    }


def test_a_merge_of_what_is_no_mapping_is_refused() -> None:
    assert faults("a: &a 3\nb: {<<: *a}\nc: {<<: [*a]}") == [
        "line 1, column 4: found << before what is no mapping, wanted: an alias of one, or a list",
        "line 3, column 9: found << before what is no mapping, wanted: an alias of one, or a list",
    ]
