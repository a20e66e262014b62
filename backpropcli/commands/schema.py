"""`backprop schema`: the JSON Schema of a network's file."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
import json
import os
from typing import Annotated

import typer

from backpropcli import api
from backpropcli.errors import FileError, UsageError
from backpropcli.render.output import message, print_all
from backpropcli.render.writing import write_file


def schema(
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write a file, such as net.schema.json.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> int:
    """The JSON Schema of a network's file: editors complete and check net.yaml with it.

    Written beside net.yaml, an editor finds it by the file's first line:
      # yaml-language-server: $schema=./net.schema.json

    Examples:
      backprop schema
      backprop schema -o net.schema.json

    """
    text = json.dumps(api.json_schema(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        print_all([text])
        return 0
    if not output.lower().endswith(".json"):
        raise UsageError(f"-o {output}: a JSON Schema's file ends in .json, such as net.schema.json")
    if os.path.lexists(output) and not force:
        raise FileError(f"{output} is there already, and was left alone", hint="Replace it with --force")
    write_file(output, [text])
    if not quiet:
        modeline = f"# yaml-language-server: $schema=./{os.path.basename(output)}"
        message(f"wrote {output}. First line of net.yaml:  {modeline}")
    return 0
