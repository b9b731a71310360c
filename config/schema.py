"""The JSON Schema of stack files, for editors: `python -m config.schema` writes it, `--check` tells whether it is true.

`--check` also reads every shipped stack and the example site file with the models themselves.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from config import wishes
from config.load import read_stack_file
from config.model import Spec, parse
from config.problems import Problem, plain
from config.reading.document import read_document
from config.reading.regular_files import display
from config.site import SiteSpec
from config.stack import PREFIX, StackConfig, StackFile

FIRST_LINE = "# yaml-language-server: $schema=schema.json"
_STACKS = Path(__file__).parent.parent / "stacks"


def schema_text() -> str:
    """The content of stacks/schema.json: a JSON Schema for a whole Pulumi.<stack>.yaml."""
    whole, config = _plain(StackFile.model_json_schema()), _plain(StackConfig.model_json_schema())
    definitions = config.pop("$defs")
    config["properties"]["kubelab:nodes"]["additionalProperties"] = False
    config["patternProperties"] = {
        f"^(?!{PREFIX})[^:]+:.": {"description": "configuration of others, such as pulumi:tags"}
    }
    whole["properties"]["config"] = config
    by_name = {part.__name__: part for part in _parts(Spec)}
    for name in definitions.keys() & by_name.keys():
        definitions[name]["allOf"] = [_refused(by_name[name].refused_keys), {"$ref": "#/$defs/Wishes"}]
    config["allOf"] = [{"$ref": "#/$defs/WishesOfStack"}]
    definitions |= {"Wishes": _refused(wishes.ANYWHERE), "WishesOfStack": _refused(wishes.ANYWHERE, PREFIX)}
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole, "$defs": definitions}
    return json.dumps(schema, indent=2) + "\n"


def _parts(of: type[Spec]) -> list[type[Spec]]:
    return [part for direct in of.__subclasses__() for part in (direct, *_parts(direct))]


def _refused(keys: wishes.Wishes, prefix: str = "") -> dict[str, Any]:
    """A schema that refuses these keys, each with what is said of it; keys that some part has are left to that part."""
    known = {plain(str(field.alias)) for part in _parts(Spec) for field in part.model_fields.values()}
    by_answer: dict[str, list[str]] = {}
    for word, answer in keys.words.items():
        if plain(word) not in known:
            by_answer.setdefault(answer, []).append(re.escape(word))
    return {
        "patternProperties": {
            f"^{prefix}({'|'.join(words)})$": {"not": {}, "description": answer, "errorMessage": answer}
            for answer, words in by_answer.items()
        }
    }


def _plain(node: Any) -> Any:
    """`node` without what only pydantic reads: generated titles, and null beside a type for what may be left out."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _plain(value) for key, value in node.items() if key != "title" and (key, value) != ("default", None)}
    types = [kind for kind in plain.get("anyOf", []) if kind != {"type": "null"}]
    if len(types) == 1:
        del plain["anyOf"]
        return types[0] | plain
    if isinstance(plain.get("default"), dict):
        del plain["default"]  # the parts have defaults of their own
    return plain


def stale(stacks: Path) -> list[Problem]:
    """Whether stacks/schema.json is not what the models say."""
    file = stacks / "schema.json"
    if file.exists() and file.read_text(encoding="utf-8") == schema_text():
        return []
    return [Problem(display(file), "", "is not what config/ says; run `make schema`")]


def misfits(stacks: Path) -> list[Problem]:
    """What is wrong with the shipped stacks and the example site file."""
    problems = []
    for file in sorted(stacks.glob("Pulumi.*.yaml")):
        where = display(file)
        written, faults = read_stack_file(file)
        problems += faults
        if file.read_text(encoding="utf-8").partition("\n")[0] != FIRST_LINE:
            problems.append(Problem(where, "line 1", f"wanted: {FIRST_LINE}"))
        if written is not None:
            problems += parse(StackConfig, written, where)[1]
    example = stacks / "site.example.yaml"
    site, faults = read_document(example)
    return problems + (faults or parse(SiteSpec, site, display(example))[1])


def main(arguments: list[str], stacks: Path = _STACKS) -> int:
    """Writes the schema, or with --check prints what is wrong; returns the exit status."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m config.schema [--check]", file=sys.stderr)
        return 2
    if not arguments:
        (stacks / "schema.json").write_text(schema_text(), encoding="utf-8")
        return 0
    problems = stale(stacks) + misfits(stacks)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
