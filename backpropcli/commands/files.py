"""The words of a command line that are files: told from names, and what to say where one is none."""

from __future__ import annotations

import os
from collections.abc import Sequence

from backpropcli.errors import BackpropError, UsageError
from backpropcli.suggest import did_you_mean

FILE_ENDINGS = (".yaml", ".yml", ".json")
PIPES = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
"""What a shell puts in place of <(...)."""


def is_file(word: str) -> bool:
    """Whether an argument is a file: `-`, an ending that only files have, the shell's <(...); any other is a name."""
    return word == "-" or word.lower().endswith(FILE_ENDINGS) or word.startswith(PIPES)


def one_file(words: Sequence[str], command: str, names: bool = False) -> str | None:
    """The one file among the arguments; None where there is none.

    Raises UsageError for several, and for a word that is no file (where `names` are not welcome), with what was
    probably meant.
    """
    files = [word for word in words if is_file(word)]
    others = [word for word in words if not is_file(word)]
    if others and not names:
        raise no_file(others[0], command)
    if len(files) > 1:
        raise UsageError(
            f"{command} takes one file, and got {len(files)}: {', '.join(files[:3])}",
            hint=f"One after the other:  for f in *.yaml; do backprop {command} $f; done",
        )
    return files[0] if files else None


def _another_file(word: str, command: str) -> str:
    """What to do with a file of another name: a network is read, anything else is not."""
    from backpropcli.language.load import load

    try:
        load(word)
    except (BackpropError, OSError, UnicodeError):
        return (
            "A network's file is YAML or JSON, such as\n  parameters: {w: 2}\n  nodes: {J: w**2}\n"
            "backprop new writes one to start from."
        )
    return f"Read it through standard input:  backprop {command} - < {word}"


def no_file(word: str, command: str) -> UsageError:
    """The error for a word that is no file, with what was probably meant."""
    message = f"{command} takes a file that ends in .yaml, .yml or .json; {word} is none"
    if os.path.isfile(word):
        return UsageError(message, hint=_another_file(word, command))
    for ending in FILE_ENDINGS:
        if os.path.exists(word + ending):
            return UsageError(f"{message}. Did you mean {word}{ending}?")
    if "/d" in word and word[:1] in "d∂":
        return UsageError(message, hint=f"One gradient:  backprop run --get {word}")
    if "=" in word:
        return UsageError(
            message, hint='A formula stands in quotes, behind its option:  -n "y = w*x"   A value:  -p w=2'
        )
    near = did_you_mean(word, [f for f in os.listdir() if is_file(f)]) if os.path.sep not in word else ""
    return UsageError(message + near)
