"""A tape as a JavaScript function: the same arithmetic in the same order, on the same float64 numbers.

`program(tape, outputs)` is text such as `function program(x){const a=x[2]*x[0]; ... return [a, ...]}`: it names nothing
of a spec, only places and numbers, so a stranger's text cannot get into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from math import inf
from string import ascii_letters
from typing import NamedTuple

from backpropcli.ops.numbers.recorder import Entry, Recorded, Tape

DEEPEST = 12
"""An expression nested deeper than this gets a name, so that no line grows without end."""
INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "fmod": "%",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "===",
    "ne": "!==",
    "and": "&&",
    "or": "||",
}
SAME_NAME = "exp expm1 log log1p log2 log10 sin cos tan sinh cosh tanh sqrt cbrt abs sign floor ceil hypot"
CALLS = {
    **{name: f"Math.{name}" for name in SAME_NAME.split()},
    **{f"arc{name}": f"Math.a{name}" for name in ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")},
    "power": "Math.pow",
    "maximum": "Math.max",
    "minimum": "Math.min",
    "round": "roundEven",
    "erf": "erf",
    "erfc": "erfc",
}
HELPERS = {
    "roundEven": """
function roundEven(z) {
  const low = Math.floor(z), over = z - low;
  return over < 0.5 || (over === 0.5 && low % 2 === 0) ? low : low + 1;
}""",
    # What a branch that is not taken passes back is null: no number, so that no product with it is NaN.
    "times": "\nconst times=(a,b)=>a===null||b===null?null:a*b;",
    "over": "\nconst over=(a,b)=>a===null?null:a/b;",
    "opposite": "\nconst opposite=a=>a===null?null:-a;",
    "plus": "\nconst plus=(a,b)=>a===null?b:b===null?a:a+b;",
    "minus": "\nconst minus=(a,b)=>a===null?(b===null?null:-b):b===null?a:a-b;",
    # Abramowitz and Stegun 7.1.6 below 1.5, the continued fraction 7.1.14 above; exp(-x²) with x² in two parts.
    "erf": """
function gauss(x) {
  const h = Math.fround(x);
  return Math.exp(-h * h) * Math.exp((h - x) * (h + x)) / Math.sqrt(Math.PI);
}
function erfSeries(x) {
  let sum = 0;
  for (let k = 25.5; k > 1; k -= 1) sum = 2 + x * x * sum / k;
  return sum * x * gauss(x);
}
function erfcFraction(x) {
  if (x > 30) return 0;
  let a = 0, step = 0.5, p = 1, before = 0, q = 0.5 + x * x, last = 1;
  for (let k = 0; k < 50; k++) {
    a += step;
    step += 2;
    const b = step + x * x;
    [p, before] = [b * p - a * before, p];
    [q, last] = [b * q - a * last, q];
  }
  return p / q * x * gauss(x);
}
function erf(x) {
  if (!(Math.abs(x) >= 1.5)) return erfSeries(x);
  return Math.sign(x) * (1 - erfcFraction(Math.abs(x)));
}
function erfc(x) {
  if (!(Math.abs(x) >= 1.5)) return 1 - erfSeries(x);
  return x > 0 ? erfcFraction(x) : 2 - erfcFraction(-x);
}""",
}
HELPERS["erfc"] = HELPERS["erf"]
"""Functions that JavaScript lacks, by the name in CALLS or their own."""


MOST_NAMED = 20_000
"""The intermediate results of a longer tape stand in an array: so many variables do not fit on a browser's stack."""


class Function(NamedTuple):
    """A JavaScript function `called(x)` to be: from a tape's inputs to the outputs; a float among these is itself."""

    called: str
    tape: Tape
    outputs: Sequence[Recorded | float]


def program(tape: Tape, outputs: Sequence[Recorded | float], *more: Function) -> str:
    """The function `program(x)` and more of them, with what JavaScript lacks written once in front."""
    needed: set[str] = set()
    texts = [written_out(function, needed) for function in (Function("program", tape, outputs), *more)]
    return "".join(sorted(needed)).lstrip("\n") + "".join(texts)


def still(results: Sequence[float], *more: Function) -> str:
    """The functions of a page that computes nothing: its `program()` gives the results themselves."""
    needed: set[str] = set()
    texts = [written_out(function, needed) for function in more]
    return "".join([*sorted(needed), f"function program(){{return[{','.join(map(number, results))}]}}\n", *texts])


def written_out(function: Function, needed: set[str]) -> str:
    """One function's text; the helpers that it calls are added to those that are needed."""
    called, tape, outputs = function
    wanted = [out.place for out in outputs if isinstance(out, Recorded)]
    many = len(tape.entries) > MOST_NAMED
    names = (f"v[{k}]" for k in count()) if many else names_of()
    written: dict[int, str] = {}
    depths: dict[int, int] = {}
    uses = counted(tape, wanted)
    lines: list[str] = []
    for place, line in enumerate(tape.entries):
        if not uses[place]:
            continue
        text = expression(line, [written[a] for a in line.arguments])
        helper = CALLS.get(line.operation, line.operation)
        if helper in HELPERS:
            needed.add(HELPERS[helper])
        depth = 1 + max((depths[a] for a in line.arguments), default=-1)
        if depth and (uses[place] > 1 or depth > DEEPEST):
            name = next(names)
            lines.append(f"{name}={unwrapped(text)}")
            text, depth = name, 0
        written[place], depths[place] = text, depth
    results = ",".join(_result(tape, written[o.place], o) if isinstance(o, Recorded) else number(o) for o in outputs)
    if many:
        steps = "const v=[];\n" + "".join(f"{line};\n" for line in lines)
    else:
        steps = "const " + ",\n".join(lines) + ";\n" if lines else ""
    return f"\nfunction {called}(x){{\n{steps}return[{results}]}}\n"


def _result(tape: Tape, text: str, out: Recorded) -> str:
    """An output: 0 where it is nothing."""
    return f"{text}??0" if out.place in tape.perhaps else unwrapped(text)


def counted(tape: Tape, wanted: Sequence[int]) -> list[int]:
    """How often each entry is used on the way to the wanted ones; 0 where it is not needed."""
    uses = [0] * len(tape.entries)
    for place in wanted:
        uses[place] += 1
    for place in range(len(uses) - 1, -1, -1):
        if uses[place]:
            for a in tape.entries[place].arguments:
                uses[a] += 1
    return uses


def expression(line: Entry, arguments: Sequence[str]) -> str:
    """One entry, in parentheses where it needs them inside another."""
    match line.operation:
        case "input":
            return f"x[{int(line.number)}]"
        case "constant":
            return number(line.number)
        case "where":
            return f"({arguments[0]}?{arguments[1]}:{arguments[2]})"
        case "nothing":
            return "null"
        case "not":
            return f"(!{arguments[0]})"
        case "neg":
            return f"(-{arguments[0]})"
        case operation if operation in INFIX:
            return f"({arguments[0]}{INFIX[operation]}{arguments[1]})"
        case operation:
            return f"{CALLS.get(operation, operation)}({','.join(map(unwrapped, arguments))})"


def unwrapped(text: str) -> str:
    """Without the parentheses around the whole."""
    if not text.startswith("("):
        return text
    depth = 0
    for k, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if not depth:
            return text[1:-1] if k == len(text) - 1 else text
    return text


def number(x: float) -> str:
    """A constant; a negative one in parentheses."""
    if x != x:
        return "NaN"
    if x in (inf, -inf):
        return "Infinity" if x > 0 else "(-Infinity)"
    text = str(int(x)) if x == int(x) and abs(x) < 1e16 and str(x)[0] != "-" else repr(float(x))
    return f"({text})" if text.startswith("-") else text


def names_of() -> Iterator[str]:
    """Short names, none of them a word of the language: a, b, ..., Z (without x), then a0, b0, ..."""
    letters = [c for c in ascii_letters if c != "x"]
    yield from letters
    k = 0
    while True:
        for c in letters:
            yield f"{c}{k}"
        k += 1
