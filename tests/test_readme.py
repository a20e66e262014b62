"""Every console block of the README is typed in, and what is printed is compared with what the README shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def consoles(text: str) -> list[list[tuple[str, str]]]:
    """The blocks, each a list of (command, what it prints); behind a backslash a line `> ` continues the command."""
    blocks = []
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.S):
        session: list[tuple[str, str]] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                session.append((line[2:], ""))
            elif line.startswith("> ") and not session[-1][1] and session[-1][0].endswith("\\"):
                session[-1] = (session[-1][0] + "\n" + line[2:], "")
            else:
                session[-1] = (session[-1][0], session[-1][1] + line + "\n")
        blocks.append(session)
    return blocks


def files(text: str) -> list[tuple[str, str]]:
    """The files that the README shows: a yaml block that begins with `# name.yaml`, a json one behind `name.json`:."""
    yaml = re.findall(r"```yaml\n# (\S+\.yaml)\n(.*?)```", text, flags=re.S)
    return yaml + re.findall(r"`(\S+\.json)`:\n\n```json\n(.*?)```", text, flags=re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("readme")
    for name, text in files(README):
        (here / name).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "examples", here / "examples")
    binaries = here / "bin"
    binaries.mkdir()
    command = binaries / "backprop"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backpropcli "$@"\n')
    command.chmod(0o755)
    (binaries / "python").symlink_to(sys.executable)
    return here


def test_readme_has_sessions() -> None:
    assert sum(len(block) for block in consoles(README)) >= 10


@pytest.mark.parametrize("block", consoles(README), ids=lambda block: block[0][0][:50])
def test_console(block: list[tuple[str, str]], folder: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "NO_COLOR", "COLUMNS")}
    environment |= {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    for command, expected in block:
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environment, text=True, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        printed = done.stdout
        assert trimmed(printed) == trimmed(expected), command


def trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())
