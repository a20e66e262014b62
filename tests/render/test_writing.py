"""Files are written whole or not at all, never over what was read, and leave no draft behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backpropcli.app import main
from backpropcli.errors import FileError
from backpropcli.render.writing import Drafts, write_file, write_files

SPEC = json.dumps({"inputs": {"x": 2}, "parameters": {"w": 3}, "nodes": {"J": "w*x"}})


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.json"
    path.write_text(SPEC)
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["check"],
        ["nudge", "w"],
        ["count"],
        ["explain", "dJ/dw"],
        ["derive", "w"],
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("spelling", ["net.json", "./net.json", "link.json", "hard.json", "sub/../net.json"])
def test_the_network_is_never_written_over(
    words: list[str], spelling: str, net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (net.parent / "sub").mkdir()
    (net.parent / "link.json").symlink_to("net.json")
    os.link(net, net.parent / "hard.json")
    assert main([words[0], "net.json", *words[1:], "-o", spelling]) == 2
    assert re.search("error: .*net.json,? (which )?was read", capsys.readouterr().err)
    assert net.read_text() == SPEC


def test_nor_are_parameters_and_gradients_that_were_read(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, option in (("p.json", "--load"), ("g.json", "--gradients")):
        (net.parent / name).write_text('{"w": 2}')
        assert main(["check", "net.json", option, name, "-o", name]) == 2
        assert f"{name} was read" in capsys.readouterr().err
        assert (net.parent / name).read_text() == '{"w": 2}'


def test_nor_data_files_pages_results_or_standard_input(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (net.parent / "x.csv").write_text("1\n2\n")
    (net.parent / "c.yaml").write_text("inputs: {x: {csv: x.csv}}\nnodes: {J: sum(x)}")
    assert main(["run", "c.yaml", "-o", "x.csv"]) == 2
    (net.parent / "net.html.yaml").write_text(SPEC)
    (net.parent / "net.html").symlink_to("net.html.yaml")
    assert main(["page", "net.html.yaml", "-o", "net.html"]) == 2
    assert main(["quiz", "net.html.yaml", "--worksheet", "net.html", "--force"]) == 2
    assert main(["quiz", "net.json", "--result", "net.json", "--force"]) == 2
    with net.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert main(["run", "-", "-o", "net.json"]) == 2
    assert net.read_text() == SPEC
    assert (net.parent / "net.html.yaml").read_text() == SPEC


def test_what_another_run_has_read_may_be_written(net: Path) -> None:
    assert main(["run", "net.json", "-q"]) == 0
    assert main(["run", "-p", "w=1", "-n", "J = w", "-o", "net.json"]) == 0


def test_links_that_somebody_laid_are_not_followed(net: Path) -> None:
    victim = net.parent / "victim"
    victim.write_text("v")
    for name in (".hw.md.new", ".hw-key.md.new", f".hw.md.{os.getpid()}.tmp"):
        (net.parent / name).symlink_to("victim")
    assert main(["quiz", "net.json", "--worksheet", "hw.md", "-q"]) == 0
    assert victim.read_text() == "v"
    assert (net.parent / "hw-key.md").read_text().startswith("#")


def test_several_files_appear_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(FileError, match="is a folder"):
        write_files([(str(tmp_path / "a"), "1"), (str(tmp_path / "b"), "2")], force=True)
    with pytest.raises(FileError, match="no such file"):
        write_files([(str(tmp_path / "a"), "1"), (str(tmp_path / "no" / "c"), "2")])
    assert os.listdir(tmp_path) == ["b"]


def test_a_draft_is_never_somebody_elses_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda size: bytes(size))
    (tmp_path / "victim").write_text("v")
    (tmp_path / f".a.{'00' * 8}.tmp").symlink_to("victim")
    with pytest.raises(FileError, match="file exists"):
        write_file(str(tmp_path / "a"), ["x"])
    assert (tmp_path / "victim").read_text() == "v"


def test_a_manifest_that_was_read_is_not_written_over(net: Path) -> None:
    assert main(["quiz", "net.json", "--worksheet", "hw.md", "--students", "ann,bob", "-q"]) == 0
    listing = (net.parent / "hw-students.csv").read_text().replace("\nann", '\n"ann"')
    (net.parent / "hw-students.csv").write_text(listing)
    again = ["quiz", "net.json", "--worksheet", "hw.md", "--students", "hw-students.csv", "--force", "-q"]
    assert main(again) == 0
    assert (net.parent / "hw-students.csv").read_text() == listing


SLOW = """
import sys, time
from backpropcli.render.writing import write_file
def chunks():
    yield "half"
    print("ready", flush=True)
    time.sleep(60)
write_file(sys.argv[1], chunks())
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_leaves_no_draft(name: str, tmp_path: Path) -> None:
    root = Path(__file__).parent.parent.parent
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(tmp_path / "r.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert child.stdout is not None
    child.stdout.readline()
    assert len(os.listdir(tmp_path)) == 1
    child.send_signal(getattr(signal, name))
    assert child.wait(20) == -getattr(signal, name)
    child.stdout.close()
    assert os.listdir(tmp_path) == []


def test_signals_are_left_as_they_were(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Drafts():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_with_stderr_closed_messages_are_lost_and_never_data(net: Path) -> None:
    root = Path(__file__).parent.parent.parent
    for words in (["run", "nothing.json"], ["run"], ["quiz", "net.json", "--worksheet", "w.md"], ["frobnicate"]):
        done = subprocess.run(
            ["sh", "-c", 'exec "$0" -m backpropcli "$@" 2>&-', sys.executable, *words],
            stdout=subprocess.PIPE,
            cwd=net.parent,
            env={**os.environ, "PYTHONPATH": str(root)},
            timeout=60,
            check=False,
        )
        assert done.returncode in (0, 2)
        assert b"error" not in done.stdout
        assert b"wrote" not in done.stdout


def test_bytes_that_are_no_text_in_a_file_name(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"\xff.yaml")
    try:
        (net.parent / name).write_text(SPEC)
    except OSError:
        pytest.skip("this file system has no such names")
    for words in (
        ["page", name, "-o", "o.html"],
        ["run", name],
        ["check", name],
        ["draw", name],
        ["draw", name, "-o", "d.svg"],
        ["run", name, "--format", "json"],
        ["check", name, "net.json", "--format", "junit"],
        ["quiz", name, "--worksheet", "w.tex"],
        ["run", os.fsdecode(b"no\xff.yaml")],
    ):
        main(words)
        out, err = capsys.readouterr()
        assert "bug in backprop" not in err
        (out + err).encode()
    assert (net.parent / "o.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
