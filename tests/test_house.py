"""The house stands as drawn: imports point one way, heavy ones are lazy, every room and command is in its place."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from modules import KNOWN, MODULES, PACKAGE, ROOT, Import, Module, imports

from backpropcli.app import main
from backpropcli.commands.table import COMMANDS
from backpropcli.guide import CHAPTERS, chapter
from backpropcli.ops.table import TABLE

STOREYS = (
    {"safe", "reads", "guide", "version"},
    {"errors", "suggest"},
    {"ops"},
    {"graph"},
    {"passes"},
    {"language", "engine", "symbolic"},
    {"notation"},
    {"derivation", "gradcheck", "train", "render"},
    {"formats"},
    {"drawing", "plotting"},
    {"explanation"},
    {"exercise"},
    {"page", "report"},
    {"api"},
    {"commands"},
    {"app"},
    {"__main__"},
)
"""Rooms, from the ground up. A room may use the storeys below its own, and itself."""
LEVEL = {room: level for level, rooms in enumerate(STOREYS) for room in rooms}
ANYWHERE = {"__init__"}
"""The package itself: `__version__` for all, and lazily the whole Python API."""
DOORS = {("symbolic", "language.formula")}
"""What the picture allows beside the storeys: symbolic reads the textbook formulas."""
COMPUTING = (
    "safe",
    "reads",
    "errors",
    "suggest",
    "ops",
    "graph",
    "passes",
    "language",
    "engine",
    "symbolic",
    "notation",
    "derivation",
    "gradcheck",
    "train",
    "formats",
    "drawing",
    "plotting",
    "explanation",
    "exercise",
    "page",
    "report",
    "api",
)
TOP_LEVEL = {
    "pyproject.toml",
    "backpropcli",
    "tests",
    "examples",
    "Makefile",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "CHANGELOG.md",
    "uv.lock",
}


def all_imports() -> Iterator[tuple[Module, Import]]:
    for module in MODULES:
        for imported in imports(module.tree):
            yield module, imported


def outside(imported: Import) -> str:
    """The distribution that an import names."""
    return imported.module.partition(".")[0]


def test_every_file_is_in_a_room_of_the_picture() -> None:
    rooms = {module.room for module in MODULES}
    assert rooms - ANYWHERE <= set(LEVEL)
    assert {"errors", "ops", "graph", "language", "engine", "gradcheck", "render", "api", "commands", "app"} <= rooms
    plain = {path.name for path in PACKAGE.iterdir() if path.is_file() and path.suffix != ".py"}
    assert plain == {"py.typed"}


def test_imports_point_one_way() -> None:
    wrong = []
    for module, imported in all_imports():
        if imported.relative:
            wrong.append(f"{module}:{imported.line}: a relative import")
        if outside(imported) != "backpropcli":
            continue
        target = imported.module.removeprefix("backpropcli").lstrip(".") or "__init__"
        room = target.partition(".")[0]
        if target not in KNOWN and room not in LEVEL:  # `from backpropcli import __version__`
            room = "__init__"
        if module.room in ANYWHERE or room in ANYWHERE or room == module.room:
            continue
        if any(module.room == who and target.startswith(where) for who, where in DOORS):
            continue
        if LEVEL[room] >= LEVEL[module.room]:
            wrong.append(f"{module}:{imported.line}: {module.room} may not import {imported.module}")
    assert not wrong, "\n".join(wrong)


CHECK = (
    {"tolerances"},
    {"differences", "report", "mistakes"},
    {"acceptance", "stepsize", "fixed_step"},
    {"point"},
    {"large"},
    {"precision"},
    {"network"},
    {"external", "blackbox"},
    {"files"},
)
"""The rooms of the gradient check, from the ground up; what is under TYPE_CHECKING alone may point anywhere."""


def test_the_rooms_of_the_check_point_one_way() -> None:
    level = {room: k for k, rooms in enumerate(CHECK) for room in rooms}
    parts = [(module, module.name.split(".")) for module in MODULES if module.name.startswith("gradcheck.")]
    assert {names[1] for _, names in parts} == set(level)
    wrong = []
    for module, (_, room, *_) in parts:
        for imported in imports(module.tree):
            package, gradcheck, target, *_ = (*imported.module.split("."), "", "", "")
            foreign = (package, gradcheck) == ("backpropcli", "gradcheck") and target != room
            if foreign and not imported.annotations and level[target] >= level[room]:
                wrong.append(f"{module}:{imported.line}: {room} may not import {imported.module}")
    assert not wrong, "\n".join(wrong)


def test_the_import_test_sees_functions_and_type_checking() -> None:
    tree = ast.parse(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\ndef f():\n    import b\n"
        "class C:\n    import c\n    def g(self):\n        from d.e import x\n"
    )
    assert {(i.module, i.eager) for i in imports(tree)} == {
        ("typing", True),
        ("a", False),
        ("b", False),
        ("c", True),
        ("d.e", False),
    }


def test_sympy_lives_in_symbolic_alone_and_is_lazy() -> None:
    wrong = [
        f"{module}:{imported.line}"
        for module, imported in all_imports()
        if outside(imported) == "sympy" and (module.name != "symbolic.words" or imported.eager)
    ]
    assert not wrong


def test_computation_never_prints() -> None:
    wrong = []
    for module, imported in all_imports():
        if module.room in COMPUTING and outside(imported) in ("rich", "typer"):
            wrong.append(f"{module}:{imported.line}: imports {imported.module}")
    for module in MODULES:
        if module.room in COMPUTING:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.stdout.write"):
                    wrong.append(f"{module}:{node.lineno}: prints")
    assert not wrong, "\n".join(wrong)


VIEWS = ("notation", "render", "drawing", "plotting", "explanation", "report")
"""What is shown is computed elsewhere: these rooms look at results."""
COMPUTES = ("passes", "engine", "gradcheck", "symbolic", "train")
LOOKING = {"finite", "offenders", "plain"}
"""Functions of the engine that only look at a trace."""


def test_views_never_compute() -> None:
    """Of what computes, views know the results: their classes, and nothing that could be called to get others."""
    wrong = []
    for module in MODULES:
        if module.room not in VIEWS:
            continue
        for node in ast.walk(module.tree):
            source = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if source.removeprefix("backpropcli.").partition(".")[0] in COMPUTES:
                names = {alias.name for alias in node.names}  # type: ignore[attr-defined]
                wrong += [f"{module}: {name} of {source}" for name in names - LOOKING if not name[:1].isupper()]
                wrong += [f"{module}: Plan of {source}"] * ("Plan" in names)
    for module, imported in all_imports():
        room = imported.module.removeprefix("backpropcli.").partition(".")[0]
        if module.room in ("notation", "render") and room in (*COMPUTES, "derivation", "graph"):
            wrong.append(f"{module}:{imported.line}: imports {imported.module}")
    assert not wrong, "\n".join(wrong)


SPEAKS = {"render.output", "render.progress", "render.bar"}
"""Who prints: with text made safe by `safe.leaving`, or in a terminal alone."""
WRITES = {"render.writing", "render.output"}
"""Who opens files for writing; output opens /dev/null."""


def test_text_leaves_the_program_by_one_door() -> None:
    """So that it is made safe there, and that no file is written over which was read."""
    wrong = []
    for module in MODULES:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            if name in ("print", "sys.stdout.write", "sys.stderr.write") and module.name not in SPEAKS:
                wrong.append(f"{module}:{node.lineno}: {name}")
            modes = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "mode")]
            reads = all(isinstance(mode, ast.Constant) and not set(str(mode.value)) & set("wax+") for mode in modes)
            opens = (name == "open" and not reads) or (name == "os.open" and "O_RDONLY" not in ast.unparse(node))
            moves = name.endswith((".write_text", ".write_bytes")) or name in ("os.replace", "os.rename", "os.link")
            if (opens or moves) and module.name not in WRITES:
                wrong.append(f"{module}:{node.lineno}: {name}")
    assert not wrong, "\n".join(wrong)


def test_commands_hold_no_mathematics() -> None:
    wrong = [
        f"{module}:{imported.line}: imports {imported.module}"
        for module, imported in all_imports()
        if module.room in ("commands", "app") and outside(imported) in ("math", "cmath", "numpy", "mpmath", "sympy")
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_from_a_stranger_is_ever_run() -> None:
    """No eval, no exec, no pickles, no sympify of text; Click only through Typer."""
    called = {"eval", "exec", "compile", "__import__"}
    methods = {"sympify", "parse_expr", "unsafe_load", "full_load"}
    imported_names = {"pickle", "cPickle", "dill", "marshal", "shelve", "click", "code", "codeop", "runpy"}
    wrong = [f"{module}:{i.line}: imports {i.module}" for module, i in all_imports() if outside(i) in imported_names]
    for module in MODULES:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            function = node.func
            if (isinstance(function, ast.Name) and function.id in called | methods) or (
                isinstance(function, ast.Attribute) and function.attr in methods
            ):
                wrong.append(f"{module}:{node.lineno}: calls {ast.unparse(function)}")
            for keyword in node.keywords:
                allowed = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                if keyword.arg in ("allow_pickle", "shell") and not allowed:
                    wrong.append(f"{module}:{node.lineno}: {keyword.arg}")
    assert not wrong, "\n".join(wrong)


NAMES_ITS_OWN = {
    "page.javascript": "JavaScript is a number system: a line for each primitive",
    "page.reading": "what a page reads, which is to be small: a calculator's functions",
    "symbolic.words": "so is SymPy",
    "symbolic.structural": "SymPy's, on arrays",
    "symbolic.digits": "mpmath's, for SymPy's expressions",
    "api.plots": "the scales of an axis, not operations: linear, log",
    "commands.plot": "the same scales",
    "language.formula.meant.rewriting": "what hands on what it gets, by other programs' names: linear, identity",
    "language.layers.activation": "a layer's activation that does nothing: linear, identity",
    "language.data.initialisers": "initialisers, not operations: zeros, ones, full",
    "language.data.prepared": "options of a data file, not operations: normalize, reshape",
    "language.functions": "the parts of a function of the spec: value, gradient, where",
    "language.json_schema": "the same parts",
    "language.layers.losses": "losses and their reductions as a spec names them",
    "gradcheck.network.faults": "faults, not operations: sign, transpose",
}
"""Who has tables of words that are names of operations too, and what they are there."""


def asks(node: ast.AST) -> Iterator[str]:
    """What asks for an operation's name or group: `operation.name == "softmax"`, `{"max", "min"}`."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        named = [ast.unparse(side) for side in sides if isinstance(side, ast.Attribute)]
        words = {word.value for side in sides for word in ast.walk(side) if isinstance(word, ast.Constant)}
        for side in named:
            if side.endswith(("operation.name", "op.name", "call.name", "other.name")) and words & set(TABLE):
                yield f"compares {side}"
            if side.endswith(".group") and any(isinstance(word, str) for word in words):
                yield f"compares {side}"
    elif isinstance(node, ast.Match) and ast.unparse(node.subject).endswith(("operation.name", ".group")):
        yield f"matches {ast.unparse(node.subject)}"
    elif isinstance(node, ast.Set | ast.Tuple | ast.List | ast.Dict):
        entries = [key for key in node.keys if key is not None] if isinstance(node, ast.Dict) else node.elts
        known = [e.value for e in entries if isinstance(e, ast.Constant) and e.value in TABLE]
        if len(known) > 1:
            yield f"lists {', '.join(known)}"


def test_what_one_must_know_of_an_operation_stands_in_its_definition() -> None:
    """Outside `ops/` nobody asks which operation it is: a trait of the definition says what matters about it."""
    wrong = [
        f"{module}:{node.lineno}: {what}"
        for module in MODULES
        if module.room != "ops" and module.name not in NAMES_ITS_OWN
        for node in ast.walk(module.tree)
        for what in asks(node)
    ]
    assert not wrong, "\n".join(wrong)
    asking = {module.name for module in MODULES if any(True for node in ast.walk(module.tree) for _ in asks(node))}
    assert asking >= set(NAMES_ITS_OWN), "an exception that nobody needs any more"


def test_the_test_of_names_sees_comparisons_tables_and_matches() -> None:
    text = (
        'a = operation.name == "softmax"\nb = stage.operation.name in ("sum", "mean")\n'
        'c = {"max": 1, "min": 2}\nd = operation.group == "shapes"\n'
        'match operation.name:\n    case "exp":\n        pass\n'
        'e = kind == "sign"\nf = operation.name == other.name\ng = TABLE["exp"], ("gradient", "value")\n'
    )
    found = sorted({node.lineno for node in ast.walk(ast.parse(text)) for _ in asks(node)})
    assert found == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module_opens_with_a_sentence(module: Module) -> None:
    words = ast.get_docstring(module.tree)
    assert words
    assert re.match(r"[^\n]{10,}", words)
    assert len(module.path.read_text(encoding="utf-8").splitlines()) <= 450, "a file is one noun: split it"


# What a plain run costs.

IMPORTED = """
import sys
from backpropcli.app import main
status = main(sys.argv[1:])
print(*sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
sys.exit(status)
"""


def loaded_by(*words: str, folder: Path = ROOT) -> set[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def test_a_scalar_run_imports_neither_numpy_nor_sympy() -> None:
    loaded = loaded_by("run", "examples/lecture.yaml")
    assert not loaded & {"numpy", "sympy", "mpmath", "hypothesis", "torch"}


@pytest.mark.parametrize(
    "words",
    [
        ("run", "examples/lecture-layers.yaml", "--steps"),
        ("run", "examples/mazur.yaml", "--format", "json"),
        ("run", "-i", "x=1", "-p", "w=2", "-n", "y = tanh(w*x)", "--get", "dy/dw"),
    ],
    ids=lambda words: words[1],
)
def test_other_scalar_runs_need_no_numpy_either(words: tuple[str, ...]) -> None:
    assert not loaded_by(*words) & {"numpy", "sympy", "mpmath"}


def test_check_never_imports_sympy() -> None:
    assert "sympy" not in loaded_by("check", "examples/lecture.yaml")
    assert "sympy" not in loaded_by("check", "examples/batch.yaml")


def test_a_json_spec_never_needs_yaml(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text('{"parameters": {"w": 3}, "nodes": {"J": "w**2"}}', encoding="utf-8")
    assert not loaded_by("run", "net.json", "--format", "json", folder=tmp_path) & {"yaml", "numpy", "rich"}


def test_help_needs_neither_a_network_nor_its_libraries(tmp_path: Path) -> None:
    assert not loaded_by("help", "learner", folder=tmp_path) & {"numpy", "sympy", "yaml", "markdown_it"}


# The commands and the repository.

README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = "".join(map(chapter, CHAPTERS))


@pytest.mark.parametrize("command", [entry.name for entry in COMMANDS])
def test_command_is_documented_and_helps(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"`backprop {command}`" in README  # in the table of commands
    assert f"backprop {command}" in GUIDE
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Examples" in shown
    assert len(re.findall(rf"^\W*backprop {command}\b", shown, flags=re.M)) >= 2


def test_every_command_file_is_a_command() -> None:
    helpers = {
        "batch",
        "check_options",
        "check_records",
        "command",
        "endings",
        "files",
        "going",
        "options",
        "program",
        "quantity",
        "table",
        "train_records",
        "words",
        "worksheet",
    }
    files = {module.name.partition(".")[2] for module in MODULES if module.name.startswith("commands.")}
    assert files - helpers == {entry.module for entry in COMMANDS}


def repository() -> list[Path]:
    """The files that belong to the repository: Git's word, or all that is not ignored by its name."""
    done = (
        subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        if (ROOT / ".git").exists()
        else None
    )
    if done is not None and done.returncode == 0:
        return [path for line in done.stdout.splitlines() if (path := ROOT / line).is_file()]
    skip = re.compile(r"(^|/)(\.(?!ci)[^/]*|__pycache__|build|dist|[^/]*\.egg-info)(/|$)")
    paths = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in paths if not skip.search(path.relative_to(ROOT).as_posix())]


FILES = repository()


def test_top_level_is_as_drawn() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in FILES}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL
    assert {"README.md", "LICENSE", "CHANGELOG.md", "Makefile", "pyproject.toml", ".ci"} <= top


def test_the_architecture_draws_the_rooms() -> None:
    """Every folder of the package stands in the picture, on its storey, and has its paragraph."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    picture = text.partition("```text\n")[2].partition("```")[0]
    drawn = [set(line.split()) for line in reversed(picture.splitlines())]
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert [storey & folders for storey in drawn if storey & folders] == [
        storey & folders for storey in STOREYS if storey & folders
    ]
    assert not set().union(*drawn) - {module.room for module in MODULES}, "a room that is no more"
    assert not [room for room in folders if f"**{room}**" not in text]


def test_tests_mirror_the_package() -> None:
    rooms = {path.relative_to(ROOT / "tests").parts[0] for path in FILES if path.is_relative_to(ROOT / "tests")}
    folders = {name for name in rooms if (ROOT / "tests" / name).is_dir()}
    assert folders <= {*LEVEL, "benchmarks", "browser", "data", "fuzz", "oracles"}


def test_no_two_test_files_have_one_name() -> None:
    """Without packages pytest tells them apart by their names alone."""
    names = [path.name for path in FILES if path.name.startswith("test_")]
    assert len(names) == len(set(names)), sorted(name for name in set(names) if names.count(name) > 1)


def test_no_file_knows_a_machine() -> None:
    """No path of one computer and no package registry's host: what was cloned works anywhere."""
    folders = "|".join(("work", "tmp", "opt", "home", "root", "Users"))
    known = re.compile(rf"(?<![\w.:/$}}])/({folders})/\w|" + "|".join(("python" + "hosted", r"pypi\." + "org")))
    wrong = []
    for path in FILES:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path.name != "uv.lock":
            wrong += [f"{path.relative_to(ROOT)}: {m[0]}" for m in known.finditer(text)]
    assert not wrong
