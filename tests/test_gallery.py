"""Every example checks, and every published number comes out to its printed digits, in whatever form it is written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from backpropcli.app import main

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
DATA = (ROOT / "tests" / "data" / "published.yaml").read_text(encoding="utf-8")
PUBLISHED: list[dict[str, Any]] = yaml.safe_load(DATA)
AS_PRINTED: list[dict[str, Any]] = yaml.load(DATA, Loader=yaml.BaseLoader)
"""The same with every number as text: its digits say how exact it is."""


def leaves(value: Any) -> list[Any]:
    """The entries of nested lists, in order."""
    return [leaf for entry in value for leaf in leaves(entry)] if isinstance(value, list) else [value]


def last_digit(text: str) -> float:
    """What one more in the last printed digit is worth; 0 for a whole number, which is exact.

    >>> last_digit("0.082167041"), last_digit("-12"), last_digit("1.50e-3")
    (1e-09, 0.0, 1e-05)
    """
    found = re.fullmatch(r"[-+]?\d*(?:\.(\d*))?(?:[eE]([-+]?\d+))?", text)
    assert found, text
    if found[1] is None and found[2] is None:
        return 0.0
    return float(f"1e{int(found[2] or 0) - len(found[1] or '')}")


def agrees(number: float, text: str, decimals: int = 0, tolerance: float = 0.0) -> bool:
    """Whether a number is what was printed: the last digit may have been rounded or cut."""
    unit = last_digit(text)
    if unit and decimals:
        unit = min(unit, 10.0**-decimals)
    return abs(number - float(text)) <= max(unit, tolerance, 1e-13 * abs(number), 1e-12)


def test_agrees_tells_right_from_wrong() -> None:
    assert agrees(0.3678, "0.37")
    assert agrees(0.1311690, "0.1311")
    assert not agrees(0.1312690, "0.1311")
    assert agrees(-12.0, "-12")
    assert not agrees(-12.0001, "-12")
    assert agrees(138.8338192419825, "138.83381924198252")
    assert not agrees(138.83381924299, "138.83381924198252")
    assert agrees(-0.1966, "-0.2", decimals=2)
    assert not agrees(-0.22, "-0.2", decimals=2)


# The gallery.


SLOW = [pytest.param(p, marks=[pytest.mark.slow] * (p.stem == "cs231n-captioning"), id=p.stem) for p in EXAMPLES]


@pytest.mark.parametrize("path", SLOW)
def test_example_checks(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(path)]) == 0
    out = capsys.readouterr().out
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    counted = re.search(r"(\d+) of (\d+) expected numbers? agrees?", out)
    assert counted, out
    assert counted[1] == counted[2]
    assert int(counted[2]) == len(spec["expect"])
    assert main(["check", str(path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "pass"


FORMS_OF_RUN = [["--steps"], ["--expand"], ["--all"], ["--format", "markdown"], ["--format", "csv"]]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("options", FORMS_OF_RUN, ids=" ".join)
def test_example_runs_in_every_form(path: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(path), *options]) == 0
    out = capsys.readouterr().out
    for name in yaml.safe_load(path.read_text(encoding="utf-8")).get("nodes", ()):
        assert name.partition("[")[0] in out  # h[t] is a rule: its rows are h[0], h[1], ...


def test_a_wrong_answer_key_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "examples" / "mazur.yaml").read_text(encoding="utf-8")
    wrong = tmp_path / "mazur.yaml"
    wrong.write_text(text.replace("0.082167041", "0.082167014"), encoding="utf-8")
    assert main(["check", str(wrong)]) == 1
    assert "dE/dw5" in capsys.readouterr().out


def test_the_lecture_is_the_same_in_all_forms(tmp_path: Path) -> None:
    """The nodes form, the layers form, and both forms as flags (through the shell): row by row the same numbers."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    command = binaries / "backprop"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backpropcli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "PYTHONIOENCODING": "utf-8",
        "NO_COLOR": "1",
    }

    def rows(*words: str) -> list[str]:
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=60)
        assert done.returncode == 0, done.stderr
        kept = (line for line in done.stdout.splitlines() if re.match(r"  \w+ ", line))
        return [re.sub(r"\s*\*\s*", "*", line) for line in kept]

    nodes = rows("backprop", "run", "examples/lecture.yaml")
    assert len(nodes) == 14
    squeezed = [" ".join(line.split()) for line in nodes]
    layers = rows("backprop", "run", "examples/lecture-layers.yaml")
    assert [" ".join(line.split()) for line in layers] == squeezed
    flags = [" ".join(line.split()) for line in rows("sh", "examples/lecture-flags.sh")]
    assert flags == squeezed * 2


def test_every_example_is_listed_with_its_source() -> None:
    listed = set(re.findall(r"\| \[(\S+?)\]\(\1\) \|", (ROOT / "examples" / "README.md").read_text(encoding="utf-8")))
    assert listed == {path.name for path in (ROOT / "examples").iterdir()} - {"README.md"}


def test_every_published_example_has_its_file() -> None:
    names = {path.stem for path in EXAMPLES}
    assert {example["name"].replace("_", "-").lower() for example in PUBLISHED} <= names
    assert len(PUBLISHED) >= 20


# Published numbers, all inputs as parameters, in three forms; the JSON is read here, not by our own answer keys.


def lines(example: dict[str, Any]) -> dict[str, str]:
    """The formulas by name, in order."""
    pairs = (line.partition("=") for line in example["formula"].strip().splitlines())
    return {name.strip(): formula.strip() for name, _, formula in pairs}


def as_yaml(example: dict[str, Any], folder: Path) -> list[str]:
    """A YAML file, one formula a line, written by hand."""
    text = "parameters:\n" + "".join(f"  {k}: {json.dumps(v)}\n" for k, v in example["inputs"].items())
    text += "nodes:\n" + "".join(f"  {k}: {v}\n" for k, v in lines(example).items())
    text += f"loss: {example['output']}\n"
    (folder / "published.yaml").write_text(text, encoding="utf-8")
    return [str(folder / "published.yaml")]


def as_json_backwards(example: dict[str, Any], folder: Path) -> list[str]:
    """A JSON file whose nodes stand in reverse order and whose functions are NumPy's where it has them."""
    prefix = re.compile(r"\b(exp|log|sin|cos|tanh|sqrt|sum|mean|dot)\(")
    nodes = {k: prefix.sub(r"np.\1(", v) for k, v in reversed(lines(example).items())}
    document = {"loss": example["output"], "nodes": nodes, "parameters": example["inputs"]}
    (folder / "published.json").write_text(json.dumps(document), encoding="utf-8")
    return [str(folder / "published.json")]


def as_flags(example: dict[str, Any], folder: Path) -> list[str]:
    """No file at all."""
    words = [word for k, v in example["inputs"].items() for word in ("-p", f"{k}={json.dumps(v)}")]
    words += [word for k, v in lines(example).items() for word in ("-n", f"{k} = {v}")]
    return [*words, "--of", example["output"]]


FORMS: list[Callable[[dict[str, Any], Path], list[str]]] = [as_yaml, as_json_backwards, as_flags]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("k", range(len(PUBLISHED)), ids=lambda k: PUBLISHED[k]["name"])
def test_published_numbers(
    k: int, form: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example, printed = PUBLISHED[k], AS_PRINTED[k]
    assert main(["run", *form(example, tmp_path), "--format", "json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["format"] == "backprop.run/1"
    assert result["loss"] == example["output"]
    nodes = {node["name"]: node for node in result["nodes"]}
    assert {name: nodes[name]["kind"] for name in example["inputs"]} == dict.fromkeys(example["inputs"], "parameter")
    decimals = example["printed_decimals"] if isinstance(example["printed_decimals"], int) else 0
    tolerance = example.get("check_tolerance", 0.0)
    for section, field in (("expected_forward", "value"), ("expected_grads", "gradient")):
        for name, texts in printed[section].items():
            numbers, wanted = leaves(nodes[name][field]), leaves(texts)
            assert len(numbers) == len(wanted)
            for number, text in zip(numbers, wanted, strict=True):
                assert agrees(number, text, decimals, tolerance), (name, field, number, text)
