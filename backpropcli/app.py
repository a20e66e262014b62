"""The command line: which commands there are, and how an error becomes one message and an exit status.

Only the module of the command that was typed is imported; all of them for `--help` and for shell completion.
"""

from __future__ import annotations

import gc
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from backpropcli.commands.table import COMMANDS, Entry
from backpropcli.errors import BackpropError, FileError, UsageError
from backpropcli.reads import forget
from backpropcli.version import __version__

if TYPE_CHECKING:
    import typer

GOOD, WRONG, UNUSABLE, UNSURE, BUG, INTERRUPTED = 0, 1, 2, 3, 70, 130
"""Exit statuses. Over several files the first of BUG, UNUSABLE, WRONG, UNSURE, GOOD."""


HELP = """Backpropagation, worked out: every node's value and gradient, and whether they are right.

Write the network down as you would on paper, and run it:

  backprop new             write the lecture's network, net.yaml
  backprop run             every value and every gradient
  backprop run --steps     the same with every step worked out
  backprop check           compare the gradients with finite differences

or without a file:

  backprop run -i x=3 -p w=2 -n "y = w*x" -n "J = (y - 5)**2"

The guide, for learners, teachers and engineers:  backprop help
"""
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}
COMPLETION = "_BACKPROP_COMPLETE"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status. Nothing that a user can do ends in a traceback."""
    words = sys.argv[1:] if arguments is None else arguments
    if arguments is None and not sys.warnoptions:  # a user's own process: what other libraries remark is not for them
        warnings.simplefilter("ignore")
    forget()
    gc.set_threshold(1_000_000, 50, 50)  # a graph is many objects and no garbage: looking often doubles the time
    try:
        status = run(words)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
        _say("interrupted")
    except BrokenPipeError:
        status = GOOD
        _hush_all()
    except BackpropError as error:
        status = error.status
        complain(str(error), words)
    except MemoryError:
        status = UNUSABLE
        complain("there is not enough memory for this network", words)
    except OSError as error:
        status = UNUSABLE
        complain(_system_error(error), words)
    except Exception as error:
        from backpropcli.render.bug import bug

        status = BUG
        complain(bug(error), words)
    return _settled(status, words)


def run(words: list[str]) -> int:
    """Find the command and call it; its exit status."""
    if COMPLETION in os.environ:
        return _call(_full_app(), words, "backprop")
    if not words or words[0] in ("-h", "--help", "--install-completion", "--show-completion"):
        return _call(_full_app(), words or ["--help"], "backprop")
    if words[0] in ("--version", "-V"):
        from backpropcli.render.output import print_all

        print_all([f"backprop {__version__}\n"])
        return GOOD
    entries = {entry.name: entry for entry in COMMANDS}
    if words[0] == "help" and words[1:] and words[1] in entries:  # backprop help run
        words = [words[1], "--help"]
    if words[0] in entries:
        return _call(_one_app(entries[words[0]]), words[1:], f"backprop {words[0]}")
    raise _no_command(words)


def _one_app(entry: Entry) -> typer.Typer:
    """The application with one command alone."""
    import typer

    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    _register(app, entry)
    return app


def _full_app() -> typer.Typer:
    """The application with all commands: for help and shell completion."""
    import typer

    from backpropcli.commands.words import PlainGroup

    app = typer.Typer(cls=PlainGroup, pretty_exceptions_enable=False, help=HELP, context_settings=HELP_OPTIONS)

    @app.callback(help=HELP)
    def root(
        version: bool = typer.Option(False, "--version", "-V", help="Show the version and exit."),
    ) -> None:
        pass

    for entry in COMMANDS:
        _register(app, entry)
    return app


def _register(app: typer.Typer, entry: Entry) -> None:
    from importlib import import_module

    from backpropcli.commands.words import PlainCommand

    module = import_module(f"backpropcli.commands.{entry.module}")
    app.command(
        entry.name, cls=PlainCommand, short_help=entry.help, rich_help_panel=entry.panel, context_settings=HELP_OPTIONS
    )(getattr(module, entry.name))


def _call(app: typer.Typer, words: list[str], name: str) -> int:
    """Let Typer read the words; its errors become ours."""
    import typer

    try:
        status = typer.main.get_command(app).main(words, prog_name=name, standalone_mode=False)
    except typer.TyperException as error:
        raise _usage_error(error, name, words) from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit as error:
        # Rich leaves this way when its reader (`| head`) has seen enough of a help page.
        asked = not words or "--help" in words or "-h" in words
        status = GOOD if asked else error.code
    if status == INTERRUPTED:  # what Typer makes of Ctrl-C
        raise KeyboardInterrupt
    return status if isinstance(status, int) else GOOD


def _usage_error(error: Any, name: str, words: list[str]) -> UsageError:
    """Typer's complaint in our words: an unknown option, an option without its value."""
    from backpropcli.commands.words import no_such_option

    option = getattr(error, "option_name", "")
    message = error.format_message()
    hint = f"All options:  {name} --help"
    if message.startswith("No such option"):
        parameters = getattr(getattr(getattr(error, "ctx", None), "command", None), "params", [])
        near, better = no_such_option(option, name, [o for p in parameters for o in p.opts], words)
        return UsageError(f"no such option: {option}{near}", hint=better or hint)
    if option and "requires an argument" in message:
        return UsageError(f"{option} needs a value behind it", hint=hint)
    if option and "does not take a value" in message:
        return UsageError(f"{option} takes no value", hint=hint)
    return UsageError(message[:1].lower() + message[1:].rstrip("."), hint=hint)


def _no_command(words: list[str]) -> UsageError:
    """The first word is no command: what was probably meant."""
    from backpropcli.suggest import nearest

    word = words[0]
    line = " ".join(_quoted(w) for w in words[:6])
    if word == "--":
        return UsageError("-- stands before a command's arguments, and there is no command", hint="backprop --help")
    if word.startswith("--") and len(words) == 1:
        near = nearest(word.lstrip("-"), ["version", "help"])
        if near:
            return UsageError(f"no such option: {word}. Did you mean --{near}?")
    if word.startswith("-") and word != "-":
        return UsageError(f"no command before {word}. Did you mean backprop run {line}?")
    if word == "-" or word.lower().endswith((".yaml", ".yml", ".json")):
        return UsageError(f"no such command: {word}. Did you mean backprop run {line}?")
    near = nearest(word, [entry.name for entry in COMMANDS])
    if near:
        return UsageError(f"no such command: {word}. Did you mean backprop {near}?")
    return UsageError(f"no such command: {word}", hint=f"The commands: {', '.join(e.name for e in COMMANDS)}")


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word or "*" in word else word


def complain(text: str, words: list[str]) -> None:
    """One block on stderr."""
    from backpropcli.render.output import COLORS, error_message

    choice = "auto"
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word.startswith("--color"):
            choice = word.partition("=")[2] or following
    error_message(text, choice if choice in COLORS else "auto")


def _system_error(error: OSError) -> str:
    """What the system refused, which no command foresaw: a full disk, a vanished folder."""
    from backpropcli.render.writing import reason

    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{reason(error)}"


def _say(text: str) -> None:
    from backpropcli.render.output import message

    message(text)


def _hush_all() -> None:
    from backpropcli.render.output import hush

    hush(sys.stdout)
    hush(sys.stderr)


def _settled(status: int, words: list[str]) -> int:
    """The status, once what is still in the output's buffer is written too: a full disk may show only now."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _hush_all()
    except OSError as error:
        _hush_all()
        complain(str(FileError(f"the output cannot be written: {_system_error(error)}")), words)
        return status or UNUSABLE
    return status


if __name__ == "__main__":
    sys.exit(main())
