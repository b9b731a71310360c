"""Every report of docs/field-reports.md is answered by a test, by a golden case, or by an ADR that says why not."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REPORTS = re.findall(r"^\| ([CDTV]\d+) \|", (ROOT / "docs/field-reports.md").read_text(), re.MULTILINE)
MARKED = re.compile(r"mark\.case\(([^)]*)\)")
NAMED = re.compile(r"\b[CDTV]\d+\b")


def _answered() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for ids in MARKED.findall(path.read_text()):
            found.update(NAMED.findall(ids))
    for case in (ROOT / "tests/configs").rglob("*.yaml"):
        for line in re.findall(r"^# case (.*)$", case.read_text(), re.MULTILINE):
            found.update(NAMED.findall(line.partition(":")[0]))
    for decision in (ROOT / "docs/adr").glob("*.md"):
        for line in re.findall(r"^Reports without a test: (.*)$", decision.read_text(), re.MULTILINE):
            found.update(NAMED.findall(line))
    return found


def test_there_are_reports() -> None:
    assert len(REPORTS) == len(set(REPORTS)) >= 65


def test_each_report_from_the_field_is_answered() -> None:
    assert sorted(set(REPORTS) - _answered()) == []


def test_no_test_names_a_report_that_nobody_made() -> None:
    assert sorted(_answered() - set(REPORTS)) == []


@pytest.mark.parametrize("kind", ["C", "D", "T", "V"])
def test_each_kind_of_report_is_explained(kind: str) -> None:
    assert re.search(rf"^## .*\({kind}\)$", (ROOT / "docs/field-reports.md").read_text(), re.MULTILINE)
