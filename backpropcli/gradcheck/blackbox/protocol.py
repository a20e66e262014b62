"""What a program is asked and answers: lines of JSON, read with an eye for every slip that is easily made.

`{"W": [[1, 2]], "b": 0}` on its stdin asks for the loss and the gradients at these parameters, `{}` at its own.
`{"loss": 2.0, "gradients": {"W": [[3, 4]], "b": 5}}` is its answer; to `{}` it adds `"parameters": {...}`.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import SpecError
from backpropcli.gradcheck.blackbox.program import Program, ProgramError
from backpropcli.gradcheck.blackbox.tensors import Probe, Tensor, flattened, same_name, tensor
from backpropcli.ops.shape import show_shape
from backpropcli.safe import printable
from backpropcli.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value

WIDE = 12
"""A longer name heads the table without its folders."""
OWN = "{}"
"""The line that asks for a program's own parameters."""
SPELLED = {
    sign + name: -value if sign == "-" else value
    for sign in ("", "+", "-")
    for name, value in (("nan", math.nan), ("infinity", math.inf), ("inf", math.inf))
}
"""Numbers that JSON does not have, as strings."""
_LOSS = re.compile(r'\{\s*"loss"\s*:\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*[,}]')
_BARE = re.compile(r"(?<![\w\"'.])([-+]?)(nan(?:\([^)]*\))?|inf(?:inity)?)(?![\w\"'])", re.IGNORECASE)


class Answer(NamedTuple):
    """A program's answer to the line `sent`; `data` is the whole object, `line` its text."""

    loss: float
    data: dict[str, Any]
    sent: str
    line: str


class Dialogue:
    """A program asked for its parameters, its loss and its gradients; a `Source` of the check."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.name = program.name
        self.title = self.name if len(self.name) <= WIDE else os.path.basename(self.name)
        self.first: float | None = None
        """Its loss at its own parameters, as it answered `{}`."""
        self._texts: list[tuple[Tensor, list[str], str]] = []
        self._keys: dict[str, str] = {}
        """How a parameter is called in JSON, where its name holds what may not be shown."""

    def own(self, given: Mapping[str, Value]) -> list[Tensor]:
        """The program's own parameters with those `given` in their place; those given alone where it names none."""
        try:
            answer = self._ask(OWN)
        except ProgramError as error:
            if not given:
                if error.ended:
                    error.hint += f"\n{self._how_own()}"
                raise
            self.program.close()
            return [tensor(name, value) for name, value in given.items()]
        found = answer.data.get("parameters")
        if found is None:
            if not given:
                raise self._wrong("answers {} without its parameters", answer, self._how_own())
            return [tensor(name, value) for name, value in given.items()]
        if not isinstance(found, dict) or not found:
            raise self._wrong('should have "parameters" as an object of names and numbers', answer, self._how_own())
        self._keys = {printable(name): name for name in found}
        if len(self._keys) < len(found):
            raise self._wrong("names parameters that differ in control characters alone", answer)
        tensors = [Tensor(printable(k), *self._numbers(value, printable(k), answer)) for k, value in found.items()]
        if not given:
            self.first = answer.loss
        for name, value in given.items():
            k = next((k for k, t in enumerate(tensors) if t.name == name), None)
            if k is None:
                raise SpecError(
                    f"{self.name} has no parameter {name}{did_you_mean(name, found)}",
                    hint=f"It has:  {', '.join(map(str, tensors[:20]))}",
                )
            new = tensor(name, value)
            if new.shape != tensors[k].shape:
                raise SpecError(
                    f"{name} of {self.name} has shape {show_shape(tensors[k].shape)}, "
                    f"but {show_shape(new.shape)} is given"
                )
            tensors[k] = new
        return tensors

    def ask(self, tensors: Sequence[Tensor]) -> tuple[float, list[list[float]]]:
        """The loss and the gradients at these parameters, which further probes start from."""
        self._texts = [(t, texts, nested(t.shape, texts)) for t in tensors for texts in [list(map(number, t.numbers))]]
        answer = self._ask(self._line(()))
        return answer.loss, self._gradients(answer, tensors)

    def losses(self, probes: Iterable[Probe]) -> Iterator[float]:
        """The loss at each probe, in order."""
        sent: list[str] = []

        def lines() -> Iterator[str]:
            for probe in probes:
                line = self._line(probe)
                sent.append(line[:1000])
                yield line

        for k, answer in enumerate(self.program.answers(lines())):
            plain = _LOSS.match(answer)  # one whole answer was read before: the gradients of the others are not needed
            if plain is not None and answer[-1] == "}" and answer.count('"loss"') == 1:
                yield float(plain[1])
            else:
                yield self._read(answer, sent[k], strict=False).loss

    # Lines out.

    def base(self) -> str:
        """The line that asks for the loss at the parameters themselves."""
        return self._line(())

    def _line(self, probe: Probe) -> str:
        """The parameters as one line of JSON, with the probe's moves."""
        moved: dict[int, list[str]] = {}
        for t, flat, x in probe:
            if t not in moved:
                moved[t] = list(self._texts[t][1])
            moved[t][flat] = number(x)
        pieces = (
            f"{json.dumps(self._keys.get(t.name, t.name))}: {nested(t.shape, moved[k]) if k in moved else whole}"
            for k, (t, _, whole) in enumerate(self._texts)
        )
        return "{" + ", ".join(pieces) + "}"

    # Lines in.

    def _ask(self, line: str) -> Answer:
        return self._read(next(self.program.answers([line])), line)

    def _read(self, line: str, sent: str, strict: bool = True) -> Answer:
        try:
            data = json.loads(line, parse_constant=_refused, object_pairs_hook=_once)
        except DuplicateError as error:
            raise self.program.trouble(
                f"{self.name} answers {error} twice", sent, line, "Each name stands once in an object."
            ) from None
        except (ValueError, RecursionError) as error:
            if not strict and (mended := _BARE.sub(r'"\1\2"', line)) != line:
                return self._read(mended, sent)
            raise self._not_json(line, sent, error) from None
        answer = Answer(math.nan, data, sent, line)
        if not isinstance(data, dict):
            raise self._wrong('answers no object, such as {"loss": 2, "gradients": {"w": 3}}', answer)
        if "loss" not in data:
            if "error" in data:
                raise self._wrong(f"answers with an error: {str(data['error'])[:200]}", answer)
            keys = ", ".join(map(json.dumps, list(data)[:8])) or "nothing"
            near = nearest("loss", data) or next((k for k in ("J", "cost", "L", "E", "value") if k in data), "")
            hint = f'Write "loss" instead of {json.dumps(near)}.' if near else f"It has {keys}."
            raise self._wrong('answers without "loss"', answer, hint)
        shape, numbers = self._numbers(data["loss"], "the loss", answer)
        if len(numbers) != 1:
            raise self._wrong(
                f"answers a loss of shape {show_shape(shape)}: it should be one number",
                answer,
                "The sum or the mean of the examples' losses, and its gradients.",
            )
        return answer._replace(loss=numbers[0])

    def _gradients(self, answer: Answer, tensors: Sequence[Tensor]) -> list[list[float]]:
        given = answer.data.get("gradients")
        if not isinstance(given, dict):
            near = next((k for k in ("grads", "grad", "gradient", "dparams") if k in answer.data), "")
            hint = f'Write "gradients" instead of "{near}".' if near else '{"loss": 2, "gradients": {"w": 3}}'
            what = 'answers without "gradients"' if given is None else 'has "gradients" that are no object'
            raise self._wrong(what, answer, hint)
        found: dict[str, Any] = {}
        names = [t.name for t in tensors]
        for key, value in given.items():
            key = printable(key)
            name = same_name(key, names)
            if name is None:
                near = did_you_mean(key, names)
                raise self._wrong(
                    f"answers a gradient for {key}, which is no parameter{near}",
                    answer,
                    f"Its parameters:  {', '.join(map(str, tensors[:20]))}",
                )
            found[name] = value
        missing = [name for name in names if name not in found]
        if missing:
            listed = ", ".join(missing[:8]) + (", ..." if len(missing) > 8 else "")
            raise self._wrong(
                f"answers no gradient for {listed}",
                answer,
                "Every parameter that it is sent needs one, 0 if there is none.",
            )
        result = []
        for t in tensors:
            shape, numbers = self._numbers(found[t.name], f"the gradient of {t.name}", answer)
            if shape != t.shape and not len(numbers) == t.size == 1:
                turned = " It looks transposed." if shape == t.shape[::-1] else ""
                raise self._wrong(
                    f"answers a gradient of shape {shown(shape)} for {t.name}, which has shape {shown(t.shape)}",
                    answer,
                    f"Both need the same shape.{turned}",
                )
            result.append(numbers)
        return result

    def _numbers(self, value: Any, name: str, answer: Answer) -> tuple[tuple[int, ...], list[float]]:
        try:
            return flattened(value, SPELLED)
        except ValueError as error:
            hint = 'JavaScript writes null for NaN; write "NaN".' if "null" in str(error) else ""
            raise self._wrong(f"answers what is no number: {name} {error}", answer, hint) from None

    # What is wrong.

    def _wrong(self, what: str, answer: Answer, hint: str = "") -> ProgramError:
        return self.program.trouble(f"{self.name} {what}", answer.sent, answer.line, hint)

    def _how_own(self) -> str:
        return (
            'To {} it answers {"loss": ..., "parameters": {...}, "gradients": {...}}; or say the parameters here:\n'
            "--load parameters.json, or -p w=2"
        )

    def _not_json(self, line: str, sent: str, error: Exception) -> ProgramError:
        bare = _BARE.search(line)
        if bare is not None and line.lstrip()[:1] == "{":
            return self.program.trouble(
                f"{self.name} answers {bare[0]}, which is not JSON",
                sent,
                line,
                f"If it really is not a {'finite ' if bare[2][0].lower() != 'n' else ''}number, write "
                f'"{"NaN" if bare[2][0].lower() == "n" else "-Infinity" if bare[1] == "-" else "Infinity"}"; '
                "it will fail the check.",
            )
        following = self.program.following().lstrip()
        if line.strip() in "{[" or (
            line.lstrip()[:1] == "{" and following[:1] in ('"', "}", "{") and not following.startswith('{"loss"')
        ):
            hint = "The whole answer stands on one line: json.dumps(answer) without indent, no line break in it."
        elif following[:1] == "{":
            hint = "A line of JSON follows it. Only answers go to stdout: print logs to stderr\n" + (
                "(std::cerr, fprintf(stderr, ...), print(..., file=sys.stderr))."
            )
        elif line.lstrip()[:1] == "{" and "'" in line and '"' not in line:
            hint = "JSON has double quotes: print(json.dumps(answer)), not print(answer)."
        else:
            hint = f'An answer is one line such as {{"loss": 2, "gradients": {{"w": 3}}}}. ({reason(error)})'
        return self.program.trouble(f"{self.name} answers what is not JSON", sent, line, hint)


def reason(error: Exception) -> str:
    """What Python's JSON reader says, with the column alone: there is one line."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}: column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def number(x: float) -> str:
    """A number in JSON, with all its digits."""
    if math.isfinite(x):
        return repr(x)
    return '"NaN"' if math.isnan(x) else '"Infinity"' if x > 0 else '"-Infinity"'


def nested(shape: Sequence[int], texts: Sequence[str]) -> str:
    """The entries of an array as nested lists, last axis fastest."""
    level = list(texts)
    for n in reversed(shape):
        level = [f"[{', '.join(level[k : k + n])}]" for k in range(0, len(level), n)]
    return level[0]


def shown(shape: tuple[int, ...]) -> str:
    """A shape in words: `()` is one number."""
    return show_shape(shape) if shape else "() (one number)"


class DuplicateError(Exception):
    """A key that an object has twice; JSON readers silently keep one of them."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set[str]()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise DuplicateError(f'"{printable(twice[:40])}"')
    return found


def _refused(text: str) -> float:
    raise ValueError(f"{text} is not JSON")
