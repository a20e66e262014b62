"""The forms that CI servers read: whatever a name or a message contains, a parser gets it back."""

import math
import re
import xml.etree.ElementTree as ET
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from backpropcli.errors import Place, SpecError
from backpropcli.gradcheck import Checked, ExpectedNumber, Report, Row
from backpropcli.gradcheck.files import slip, sum_up
from backpropcli.render.markdown import any_markdown
from backpropcli.render.output import render
from backpropcli.report.csv import checks_csv
from backpropcli.report.files_table import checks_table, quoted
from backpropcli.report.github import annotation, github
from backpropcli.report.json import checks_json
from backpropcli.report.junit import attribute, escaped, junit

ANY = st.text(st.characters(codec=None), max_size=40)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


def row(name="w", verdict="pass", backprop=2.0, numerical=2.0, bound=1e-9, index=(), **more):
    return Row(name, index, backprop, numerical, bound, verdict, sees=1e-6, **more)


@st.composite
def checked(draw):
    source = draw(ANY)
    if draw(st.booleans()):
        place = Place(draw(ANY), draw(st.integers(0, 9)), draw(st.integers(0, 9)), draw(ANY))
        error = SpecError(draw(ANY), place, draw(ANY)) if draw(st.booleans()) else ValueError(draw(ANY))
        return Checked(source, None, error, draw(st.floats(0, 1e4)))
    rows = draw(
        st.lists(
            st.builds(
                partial(row, reason="rule"),
                ANY,
                st.sampled_from(["pass", "fail", "unsure"]),
                NUMBERS,
                NUMBERS,
                NUMBERS,
                st.lists(st.integers(0, 9), max_size=3).map(tuple),
                note=ANY,
            ),
            max_size=4,
        )
    )
    expected = draw(
        st.lists(
            st.builds(
                ExpectedNumber,
                ANY,
                NUMBERS,
                NUMBERS,
                NUMBERS,
                st.sampled_from(["pass", "fail"]),
                diagnosis=ANY,
            ),
            max_size=2,
        )
    )
    return Checked(source, Report(draw(ANY), 1.0, rows, expected=expected), None, draw(st.floats(0, 1e4)))


FILES = st.lists(checked(), max_size=4)

# What the schema that Jenkins publishes for JUnit XML allows, attribute by attribute.
ATTRIBUTES = {
    "testsuites": ({"name", "time", "tests", "failures", "errors", "disabled"}, set()),
    "testsuite": (
        {
            "name",
            "tests",
            "failures",
            "errors",
            "time",
            "disabled",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
        },
        {"name", "tests"},
    ),
    "testcase": ({"name", "assertions", "time", "classname", "status"}, {"name", "classname", "time"}),
    "failure": ({"type", "message"}, {"type", "message"}),
    "error": ({"type", "message"}, {"type", "message"}),
}
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase"}, "testcase": {"failure", "error"}}


def validated(text: str) -> ET.Element:
    root = ET.fromstring(text.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        allowed, required = ATTRIBUTES[element.tag]
        assert required <= set(element.attrib) <= allowed, element.tag
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        for name in ("time", "tests", "failures", "errors", "skipped"):
            if name in element.attrib:
                assert re.fullmatch(r"\d+\.\d+" if name == "time" else r"\d+", element.attrib[name])
        if element.tag in ("testsuite", "testsuites"):
            found = list(element.iter("testcase"))
            counts = [len(found), *(sum(c.find(k) is not None for c in found) for k in ("failure", "error"))]
            assert [int(element.attrib[k]) for k in ("tests", "failures", "errors")] == counts
        if element.tag == "testcase":
            assert len(element) <= 1
    return root


@given(FILES, st.booleans())
def test_junit_is_valid_whatever_is_in_it(files, failures):
    root = validated("".join(junit(files, failures)))
    kept = [f for f in files if not failures or f.verdict != "pass"]
    assert [s.get("name") for s in root] == [
        re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", f.source) for f in kept
    ]
    for suite, file in zip(root, kept, strict=True):
        total = sum(float(case.get("time")) for case in suite)
        assert not len(suite) or math.isclose(total, file.seconds, abs_tol=1e-5)
        wrong = suite.find(".//failure") is not None or suite.find(".//error") is not None
        assert wrong == (file.verdict != "pass")


@given(ANY)
def test_xml_text_comes_back(text):
    element = ET.fromstring(f"<a b={attribute(text)}>{escaped(text)}</a>".encode())
    clean = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    assert (element.get("b"), element.text or "") == (clean, clean)


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as GitHub's runner reads it."""
    match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line, flags=re.S)
    properties = dict(part.split("=", 1) for part in match[2].split(","))

    def back(text: str, more: bool) -> str:
        for sign in "\r\n" + (":," if more else "") + "%":
            text = text.replace(f"%{ord(sign):02X}", sign)
        return text

    return match[1], {k: back(v, True) for k, v in properties.items()}, back(match[3], False)


@given(ANY, ANY, ANY)
def test_annotations_come_back(file, title, text):
    line = annotation("error", "net.yaml", Place(file, 3), title, text)
    assert "\n" not in line[:-1]
    assert "\r" not in line
    assert parsed(line[:-1]) == ("error", {"file": file.removeprefix("./"), "line": "3", "title": title}, text)


@given(FILES)
def test_every_form_takes_everything(files):
    files = sum_up(files).files
    lines = "".join(github(files)).split("\n")
    assert lines.pop() == ""
    assert len(lines) == sum(1 if f.error is not None else len(f.findings()) for f in files)
    assert all(parsed(line)[0] in ("error", "warning") for line in lines)
    import json

    data = json.loads("".join(checks_json(files, "pass")))
    assert [f["spec"] for f in data["files"]] == [f.source for f in files]
    assert [f["verdict"] for f in data["files"]] == [f.verdict for f in files]
    import csv
    import io

    text = "".join(checks_csv(files))
    if "\0" not in text:  # Python's own reader stumbles over it
        assert {len(r) for r in csv.reader(io.StringIO(text, newline=""))} == {8}
    table = checks_table(files)
    assert render(table).count("\n") >= len(files)
    "".join(any_markdown(table))


def test_the_worst_first_otherwise_in_order():
    files = [
        Checked("a", Report("J", 1.0, [row()])),
        Checked("b", Report("J", 1.0, [row(verdict="unsure")])),
        Checked("c", Report("J", 1.0, [row(verdict="fail"), row(verdict="unsure")])),
        Checked("d", None, SpecError("oh")),
        Checked("e", None, KeyError("oh")),
        Checked("f", Report("J", 1.0, [row(verdict="fail")])),
    ]
    for k, (verdict, status) in enumerate([("pass", 0), ("unsure", 3), ("fail", 1), ("error", 2), ("bug", 70)]):
        summary = sum_up(files[: k + 1])
        assert (summary.verdict, summary.status) == (verdict, status)
    assert [f.source for f in sum_up(files).files] == ["e", "d", "c", "f", "b", "a"]


def test_a_line_says_what_is_worst():
    def line(*rows, expected=()):
        text = render(checks_table([Checked("n.yaml", Report("J", 1.0, rows, expected=expected))]))
        return re.split(r"\s{2,}", text.splitlines()[2].strip())[1:]

    wrong = partial(row, verdict="fail", reason="rule")
    worse = wrong("W", backprop=0.02, numerical=-0.02, index=(3, 1))
    assert line(wrong("W", backprop=2.1, index=(0, 0)), worse, row("b")) == ["2 of 3", "FAIL", "dJ/dW[3, 1]: sign"]
    assert line(row("k", "unsure", bound=0.3)) == ["1 of 1", "unsure", "dJ/dk: ± 0.3, try another k"]
    assert line(row("k", "unsure", bound=math.inf)) == ["1 of 1", "unsure", "dJ/dk: no slope to be had, try another k"]
    assert line(row("U")) == ["0 of 1", "pass", "dJ/dU: sees mistakes > 1e-6"]
    edge = row("w1", reason="corner", note="relu(z1) is on its corner")
    assert line(row("U"), edge) == ["0 of 2", "pass", "dJ/dw1: relu(z1) is on its corner"]
    assert line(row("U")._replace(sees=None)) == ["0 of 1", "pass", "every gradient is 0"]
    assert line(expected=[ExpectedNumber("J", 2.0, 2.0, 0.1, "pass")]) == ["pass", "the expected numbers agree"]
    nan = row("w", "fail", math.nan, math.nan, math.inf, reason="nonfinite", note="a is not finite here")
    assert line(nan) == ["1 of 1", "FAIL", "dJ/dw: NaN"]


def test_slips():
    cases = {
        (1.0, -1.0): "sign",
        (-3.0, 1.0): "sign and size",
        (0.0, 1.0): "zero",
        (1.0, 0.0): "should be 0",
        (1.05, 1.0): "5 % off",
        (0.5, 1.0): "2 times too small",
        (2.0, 1.0): "2 times too large",
        (100.0, 3.0): "33 times too large",
        (2.5, 1.0): "150 % off",
        (math.inf, 1.0): "infinite",
        (math.nan, 1.0): "NaN",
        (1.0, math.nan): "not settled",
    }
    assert {case: slip(*case) for case in cases} == cases


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20))
def test_a_quoted_name_is_one_word_of_a_shell(name):
    import shlex

    assert shlex.split(quoted(name)) == [name]
