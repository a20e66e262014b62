"""Reading: YAML 1.2's scalars, places to the character, bounds and encodings."""

from __future__ import annotations

import contextlib
import gc
import json
import math
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli.errors import BackpropError, FileError, SpecError
from backpropcli.language import Flags, loads
from backpropcli.language.file import document, places
from backpropcli.language.file import reading as files
from backpropcli.language.file.document import Document, collector_paused, read, read_string
from backpropcli.language.file.yaml12 import scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-3", -3),
        ("+3", 3),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("1_000", "1_000"),
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.5e+2", -50.0),
        (".", "."),
        ("-", "-"),
        ("+", "+"),
        ("1e", "1e"),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("inf", "inf"),
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("nUll", "nUll"),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("n", "n"),
        ("1:30", "1:30"),
        ("2001-01-01", "2001-01-01"),
        ("0b1", "0b1"),
        ("1e400", "1e400"),
        ("-1e400", "-1e400"),
        ("9" * 400, "9" * 400),
        ("0x" + "f" * 300, "0x" + "f" * 300),
        ("1e308", 1e308),
        ("1 ", "1 "),
        ("١", "١"),
        ("1\n", "1\n"),
    ],
)
def test_core_schema(text: str, value: Any) -> None:
    found = scalar(text)
    assert found == value
    assert type(found) is type(value)


def test_nan() -> None:
    assert math.isnan(scalar(".nan"))
    assert scalar("nan") == "nan"


def test_names_that_yaml_1_1_eats() -> None:
    spec = loads("parameters: {y: 5, n: 1, on: 2, E: 3, N: 5, pi: 8, off: 1, e: 9}\nnodes: {J: pi*y}")
    assert spec.values["y"] == 5
    assert spec.values["pi"] == 8
    assert spec.graph.nodes["J"].inputs == ("pi", "y")


def test_places_are_exact_for_plain_quoted_folded_and_block_formulas() -> None:
    text = (
        "parameters: {w: 1}\n"
        "nodes:\n"
        "  a: w * q1\n"
        '  b: "w * q2"\n'
        "  c: 'w * q3'\n"
        "  d: w *\n"
        "     q4\n"
        "  e: >-\n"
        "    w *\n"
        "    q5\n"
        "  f: |\n"
        "    w * q6\n"
    )
    found = read_string(text, "f.yaml")
    for number, (name, formula) in enumerate(found.data["nodes"].items(), 1):
        place = found.place(("nodes", name), (formula.index(f"q{number}"), 2))
        assert place.text[place.column - 1 :][: place.length] == f"q{number}"
        assert text.split("\n")[place.line - 1] == place.text


SCALARS = st.one_of(
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=("Cs", "Cc", "Co", "Cn")), max_size=8),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz", min_size=1), inner, max_size=4),
    max_leaves=20,
)


def walk(value: Any, path: tuple[Any, ...] = ()) -> Any:
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from walk(inner, (*path, key))


@given(TREES, st.sampled_from([None, 2]))
@settings(max_examples=80, deadline=None)
def test_json_and_yaml_read_the_same_and_agree_on_every_place(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    as_json, as_yaml = Document(text, "a.json", json=True), Document(text, "a.json")
    assert as_json.data == value
    if "\u2028" in text or "\u2029" in text or "\x85" in text or "\ufeff" in text:
        return  # YAML's line breaks and marks, not JSON's
    assert as_yaml.data == value or text == '""'
    for path, inner in walk(value):
        here = as_json.place(path)
        assert (here.line, here.column) == (as_yaml.place(path).line, as_yaml.place(path).column)
        if not isinstance(inner, dict | list):
            raw = json.dumps(inner, ensure_ascii=False)
            assert here.text[here.column - 1 :][: here.length] == raw or not raw


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_bytes_never_do_more_than_an_error(data: bytes) -> None:
    try:
        loads(files.decode(data, "bytes"))
    except BackpropError as error:
        str(error)  # which must not fail either


@given(st.text("abJw12:{}[],-'\"|>&*!#%@ \n\t()+*/=.?<~`\\", max_size=60))
@settings(max_examples=400, deadline=None)
def test_text_never_does_more_than_an_error(text: str) -> None:
    for whole in (text, "nodes: {" + text, "parameters: {w: 1}\nnodes:\n  J: " + text, "layers:\n  - dense: {" + text):
        try:
            loads(whole)
        except BackpropError as error:
            str(error)  # which must not fail either


SECTIONS = st.sampled_from(
    [
        "title",
        "inputs",
        "targets",
        "parameters",
        "functions",
        "nodes",
        "layers",
        "loss",
        "expect",
        "train",
        "g(z)",
        "dense",
        "units",
        "w",
        "W",
        "b",
        "x",
        "y",
        "J",
        "value",
        "gradient",
        "he",
        "csv",
        "init",
        "activation",
    ]
)
LEAVES = st.one_of(SCALARS, SECTIONS, st.sampled_from(["w*x", "relu", "squared_error", "g(w)", "he", "1/3"]))
SPECS = st.dictionaries(
    SECTIONS,
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SECTIONS, inner, max_size=3), max_leaves=8
    ),
    max_size=5,
)


@pytest.mark.slow
@given(SPECS)
@settings(max_examples=400, deadline=None)
def test_any_json_value_in_any_section_never_does_more_than_an_error(value: Any) -> None:
    try:
        loads(json.dumps(value))
    except BackpropError as error:
        str(error)  # which must not fail either


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ('{"nodes": {"J": 2,001}}', "decimals are written with a point", "1:17"),
        ('{"nodes": nan}', "nan is not JSON", "1:11"),
        ('{"a": 1,}', "a comma is left over in front of the closing bracket", "1:8"),
        ("{a: 1}", 'names need quotes in JSON: "a"', "1:2"),
        ('{"a" 1}', "a colon is expected here", "1:6"),
        ('{"a": 1', "the file ends too early: a bracket is not closed", "1:7"),
        ('{"a": 1} 2', "the network ends before this", "1:10"),
        ('{"a": "x', "this quote is never closed", "1:7"),
        ('{"a": 1,\n"a": 2}', "a is given twice", "2:1"),
    ],
)
def test_json_errors(text: str, words: str, place: str) -> None:
    with pytest.raises(SpecError) as caught:
        Document(text, "net.json", json=True)
    assert caught.value.message == words
    assert str(caught.value.place) == f"net.json:{place}"


def test_deep_json() -> None:
    for text in ("[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000):
        with pytest.raises(SpecError):
            Document(text, "net.json", json=True)


def test_lone_surrogates() -> None:
    with pytest.raises(FileError):
        Document('{"title": "\\ud800"}', "net.json", json=True)
    assert Document('{"title": "\\ud83d\\ude00"}', "net.json", json=True).data == {"title": "😀"}
    with pytest.raises(SpecError):
        loads("title: \ud800")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("nodes: {J: 1}".encode("utf-16"), "net.yaml is saved as UTF-16"),
        ("nodes: {J: 1}".encode("utf-16-le"), "net.yaml is saved as UTF-16"),
        ("# caf\xe9\nnodes: {J: 1}".encode("latin-1"), "byte 0xE9 (é in Latin-1) is not UTF-8"),
        (b"\x00\x01\x02\x03", "net.yaml is not a text file"),
        (b"PK\x03\x04" + bytes(range(256)), "net.yaml is not a text file"),
        (os.urandom(64) + b"\x00\xff" * 32, None),
        (b"nodes:\x1b[31m", "a control character (U+001B) is in the text"),
    ],
)
def test_encodings(data: bytes, message: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_bytes(data)
    with pytest.raises(FileError) as caught:
        read("net.yaml")
    if message is not None:
        assert caught.value.message == message


def test_mark_and_windows_lines(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(b"\xef\xbb\xbfparameters: {w: 1}\r\nnodes:\r\n  J: w + q\r\n")
    found = read(str(path))
    assert found.data == {"parameters": {"w": 1}, "nodes": {"J": "w + q"}}
    place = found.place(("nodes", "J"), (4, 1))
    assert (place.line, place.column, place.text) == (3, 10, "  J: w + q")


def test_missing_folder_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mazur.yaml").write_text("nodes: {J: 1}")
    with pytest.raises(FileError, match=r"there is no file mazurr.yaml") as caught:
        read("mazurr.yaml")
    assert caught.value.hint == "Did you mean mazur.yaml?"
    with pytest.raises(FileError, match="is a folder"):
        read(".")
    with pytest.raises(FileError, match="part of its path is a file"):
        read("mazur.yaml/x.yaml")
    with pytest.raises(FileError):
        read("a\0b.yaml")
    with pytest.raises(FileError):
        read("x" * 5000 + ".yaml")
    if os.geteuid() != 0:
        Path("mazur.yaml").chmod(0)
        with pytest.raises(FileError, match="permission denied"):
            read("mazur.yaml")


def test_large_files_are_refused_before_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "junk.yaml"
    with open(path, "wb") as file:
        file.truncate(100 * 2**20)
    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", lambda *_: pytest.fail("it was opened"))
        with pytest.raises(FileError, match="larger than 64 MB"):
            read(str(path))
    path.write_bytes(b"x" * 1001)
    with pytest.raises(FileError, match="larger than"):
        files.read_bytes(str(path), 1000)


def test_devices_are_refused_and_pipes_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileError, match="/dev/zero is a device or a socket, not a file"):
        files.read_bytes("/dev/zero", 1000)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    with pytest.raises(FileError, match="pipe is a pipe that nothing writes into") as caught:
        files.read_bytes(str(pipe))
    assert caught.value.hint == "Waited 0.1 seconds for it."
    with pytest.raises(FileError, match="pipe is a device or a pipe, not a file"):
        loads("inputs: {x: {csv: pipe}}\nnodes: {J: sum(x)}", folder=str(tmp_path))

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), open(pipe, "wb") as file:
            for piece in (b"a", b"b" * 100_000, b"c"):
                file.write(piece)
                file.flush()
                time.sleep(0.2)  # longer than the patience: a slow writer is a writer

    monkeypatch.setattr(files, "PATIENCE", 5.0)
    writer = threading.Thread(target=write)
    writer.start()
    assert files.read_bytes(str(pipe)) == b"a" + b"b" * 100_000 + b"c"
    writer.join()
    writer = threading.Thread(target=write)
    writer.start()
    with pytest.raises(FileError, match="larger than"):
        files.read_bytes(str(pipe), 1000)
    writer.join()


def test_letters_and_their_accents_are_one_however_they_are_typed() -> None:
    spec = loads("parameters: {e\u0301: 2}\nnodes: {J: \u00e9 * e\u0301}")
    assert list(spec.values) == ["\u00e9"]
    for twice in ('{"parameters": {"\u00e9": 1, "e\u0301": 2}}', "parameters: {\u00e9: 1, e\u0301: 2}"):
        with pytest.raises(SpecError, match="\u00e9 is given twice"):
            loads(twice)
        with pytest.raises(SpecError, match="\u00e9 is given twice"):
            Document(twice, "x", json=twice[0] == "{")
    flags = Flags(parameters=("e\u0301=3",), nodes=("K = e\u0301 + \u00e9",))
    assert loads("parameters: {\u00e9: 2}\nnodes: {J: \u00e9}\nloss: J", flags=flags).values == {"\u00e9": 3}


def test_collector_is_restored() -> None:
    assert gc.isenabled()
    with collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(KeyError), collector_paused():
        raise KeyError
    assert gc.isenabled()
    gc.disable()
    with collector_paused():
        pass
    assert not gc.isenabled()
    gc.enable()


def lines(count: int) -> str:
    body = "".join(f"  n{k}: n{k - 1} * w + 2.5\n" for k in range(1, count))
    return f"inputs: {{x: 1}}\nparameters: {{w: 0.5}}\nnodes:\n  n0: x * w\n{body}"


def test_a_heap_of_names_is_refused_early() -> None:
    with pytest.raises(SpecError, match="not a network"):
        loads("".join(f"a{k}: b\n" for k in range(100_001)))


@pytest.mark.slow
def test_reading_is_linear() -> None:
    def seconds(count: int) -> float:
        text = lines(count)
        started = time.perf_counter()
        loads(text)
        return time.perf_counter() - started

    small = min(seconds(5_000) for _ in range(3))
    assert seconds(50_000) < 40 * small  # ten times the lines; quadratic would be a hundred times the time


def test_reversed_order_is_linear() -> None:
    head, tail = lines(20_000).split("nodes:\n")
    text = head + "nodes:\n" + "\n".join(reversed(tail.splitlines()))
    assert len(loads(text).graph.nodes) == 20_002


def test_a_mark_without_its_value() -> None:
    found = read_string("a:\nb: {c: 1}", "f.yaml")
    assert found.place(("a",)).column == 1
    assert found.place(("b", "d")).column == 4
    assert found.place(("b", "c"), key=True).column == 5
    assert document.Document("", "f.yaml").place(("b",)).line == 0
    assert places.within("'it''s'", "it's", (0, 1)) is None
