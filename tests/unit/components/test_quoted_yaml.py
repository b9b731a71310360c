"""YAML that no reader takes for anything else: what a YAML 1.1 reader makes of it is what was given."""

import pytest
import yaml

from components import quoted_yaml

# What YAML 1.1 takes for truths, numbers, spans of time and nothing.
HOSTILE = (
    "y",
    "n",
    "on",
    "no",
    "1e3",
    "433e40",
    "0o17",
    "017",
    "1:30",
    "null",
    "~",
    "true",
    "2026-01-01",
    "=",
    "",
    "<<",
)


@pytest.mark.case("D13")
@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stays_one_as_value_and_as_key(text: str) -> None:
    written = quoted_yaml.dump({"name": text, "list": [text], text: {text: text}})
    assert yaml.safe_load(written) == {"name": text, "list": [text], text: {text: text}}
    assert f'name: "{text}"\n' in written
    assert f'"{text}":' in written or not text


@pytest.mark.case("D13")
@pytest.mark.parametrize(
    "mark", [chr(code) for code in range(32)] + list("\x7f\x85\u2028\ufeff\"'\\{}[]&*#?|-<>=!%@`:, 🙂é")
)
def test_no_mark_in_a_text_changes_what_is_read(mark: str) -> None:
    texts = [mark, f"a{mark}b", f"{mark}a: b", f"a\n{mark}b\n", f"a\n\n {mark}"]
    document = {"texts": texts, **{text: text for text in texts}}
    assert yaml.safe_load(quoted_yaml.dump(document)) == document


def test_names_of_fields_and_several_lines_stay_readable() -> None:
    written = quoted_yaml.dump({"featureGates": {"NodeSwap": True}, "patch": 'kind: "ConfigMap"\nname: "a"\n'})
    assert written == 'featureGates:\n  NodeSwap: true\npatch: |\n  kind: "ConfigMap"\n  name: "a"\n'


def test_a_long_text_stays_on_its_line() -> None:
    text = " ".join(["word"] * 200)
    assert quoted_yaml.dump({"text": text}) == f'text: "{text}"\n'
