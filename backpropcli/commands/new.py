"""`backprop new`: a starter file, the network of the lecture."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
import os
from typing import Annotated

import typer

from backpropcli.commands.files import FILE_ENDINGS
from backpropcli.commands.options import one_of
from backpropcli.errors import FileError, UsageError
from backpropcli.render.output import message
from backpropcli.render.writing import write_file

FORMS = {"nodes": "lecture", "layers": "lecture-layers"}
"""The forms of a network, each with the example that a starter file is."""


def new(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]", help="What to call it.", show_default="net.yaml")
    ] = None,
    example: Annotated[
        str | None, typer.Option("--example", metavar="NAME", help="Another network of backprop's own, as mazur.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--form", metavar="FORM", help="nodes (formulas) or layers.", show_default="nodes"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> int:
    """Write a starter file: the network of the lecture.

    One hidden unit and one output unit, both ReLU, with comments: a formula for every node, or as layers.
    Other examples: lab-square and lab-neuron (small), mazur (several paths), batch (arrays),
    descent and xor (for backprop train).

    Examples:
      backprop new
      backprop new layers.yaml --form layers
      backprop new lesson.yaml
      backprop new lab.yaml --example lab-neuron

    """
    if files and len(files) > 1:
        raise UsageError(
            f"new writes one file, and got {len(files)}: {', '.join(files[:3])}",
            hint=f"One after the other:  backprop new {files[0]}",
        )
    file = files[0] if files else "net.yaml"
    _check_name(file)
    one_of("--form", form, tuple(FORMS))
    if form is not None and example is not None:
        raise UsageError(f"--form {form} and --example {example} together", hint="Give one of them.")
    if os.path.lexists(file) and not force:
        raise FileError(
            f"{file} is there already, and was left alone",
            hint=f"Look at it:  backprop run {file}\nReplace it:  backprop new {file} --force",
        )
    from backpropcli.language import example_text

    write_file(file, [example_text(FORMS[form or "nodes"] if example is None else example)])
    if not quiet:
        message(f"wrote {file}. Now: backprop run{'' if file == 'net.yaml' else ' ' + file}")
    return 0


def _check_name(file: str) -> None:
    """UsageError where a network's file cannot be called so."""
    if not file.strip():
        raise UsageError("new needs a name for the file, such as backprop new net.yaml")
    if not file.lower().endswith(FILE_ENDINGS[:2]):
        stem = file[: -len(".json")] if file.lower().endswith(".json") else file.rstrip(".")
        raise UsageError(f"{file}: a starter file ends in .yaml. Did you mean backprop new {stem}.yaml?")
