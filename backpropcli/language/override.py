"""Flags over a file: what each of them adds to a spec's sections, or takes the place of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError, FileError, Place, SpecError, UsageError
from backpropcli.language import flags as flag_texts
from backpropcli.language.data.deferred import ready
from backpropcli.language.data.pickles import ENDINGS
from backpropcli.language.data.renaming import paired, read_renames, renamed
from backpropcli.language.data.values import plan_value, read_value
from backpropcli.language.file import reading as files
from backpropcli.language.file.sections import DATA, article
from backpropcli.language.file.words import Words
from backpropcli.language.flags import SPELLED, Flags
from backpropcli.language.recurrence.keys import subscript
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.layers.kind import Kind
    from backpropcli.ops.definition import Value

DEEPEST = 50
"""Objects in objects stand no deeper than this."""
BINARY = (".safetensors", *ENDINGS)
"""Endings of files that hold no text."""


class Overrides:
    """The flags of one command: `apply` them to the sections, then `finish` the parameters, which layers may make."""

    def __init__(self, words: Words, flags: Flags, from_file: bool, kinds: Mapping[str, Kind]) -> None:
        self.words = words
        self.flags = flags
        self.from_file = from_file
        self.kinds = kinds
        self.waiting: dict[str, flag_texts.Assignment] = {}
        self.given: set[str] = set()
        self.loaded: list[tuple[str, dict[str, Value]]] = []
        self.found: dict[str, tuple[Value, Key]] = {}
        self.renames = read_renames(flags.renames)
        self.renamed = set[str]()
        """Their names that `--as` has renamed."""
        self.origins: dict[str, str] = {}
        """What files call a parameter, by our name."""

    def apply(self) -> None:
        """Change the sections; parameters that no section has wait until the layers are lowered."""
        words, flags = self.words, self.flags
        for section in (*DATA, "nodes", "expect"):
            seen: set[str] = set()
            for text in getattr(flags, section):
                found = flag_texts.assignment(section, text)
                if found.name in seen:
                    raise UsageError(f"{SPELLED[section]} {text}: {found.name} is given twice")
                seen.add(found.name)
                self._take(section, found)
        for text in flags.layers:
            path = ("layers", len(words.sections.get("layers", [])))
            words.sections["layers"] = list(words.sections.get("layers", []))
            words.replace(path, flag_texts.layer(text, self.kinds), SPELLED["layers"], text)
        if flags.training:
            from backpropcli.language.training.flags import apply

            apply(words, flags.training)
        if flags.loss is not None:
            words.sections["loss"] = flag_texts.loss(flags.loss)
            words.mark(("loss",), SPELLED["loss"], flags.loss)

    def _take(self, section: str, found: flag_texts.Assignment) -> None:
        words, name, flag = self.words, found.name, SPELLED[section]
        named = name.isidentifier() or (section == "nodes" and subscript(name) is not None)
        if section != "expect" and not named:
            words.mark((section, name), flag, found.text, found.offset)
            from backpropcli.language.file.meant import bad_name

            raise bad_name(words, name, (section, name), found.value)
        if section in DATA:
            for other in DATA:
                if other != section and name in words.sections.get(other, {}):
                    value = found.text[found.offset :].strip()
                    instead = f"{SPELLED[other]} {name}={value}"
                    raise UsageError(f"{flag} {found.text}: {name} is {article(other)}: {instead}")
            known = words.sections.get(section, {})
            if section == "parameters" and name not in known:
                self.waiting[name] = found
                return
            if self.from_file and name not in known and not self._mentioned(name):
                raise self._unknown(section, name, known)
        if section == "parameters":
            self.given.add(name)
        words.replace((section, name), found.value, flag, found.text, found.offset)

    def _mentioned(self, name: str) -> bool:
        """Whether a flag's formula or layer uses this name, so that it may be a new one."""
        return any(re.search(rf"\b{re.escape(name)}\b", text) for text in (*self.flags.nodes, *self.flags.layers))

    def _unknown(self, section: str, name: str, known: Any) -> SpecError:
        kind = article(section).split()[1]
        near = did_you_mean(name, known)
        hint = "" if near else f"Its {section}: {', '.join(list(known)[:20])}" if known else f"It has no {section}."
        return SpecError(f"{self.words.source} has no {kind} {name}{near}", hint=hint)

    def parameters(self) -> dict[str, tuple[Value, Key]]:
        """The values of `--parameter` and `--load` for names that no section has, each with its path.

        They may be parameters of layers, which check them as they check their own.
        """
        found: dict[str, tuple[Value, Key]] = {}
        for file in self.flags.load:
            loaded, locate = read_placed(file)
            self.renamed |= loaded.keys() & self.renames.keys()
            loaded = renamed(loaded, self.renames, file, self.origins)
            self.words.counts(file)
            self.loaded.append((file, loaded))
            for name, value in loaded.items():
                if name in self.given or name in self.waiting:
                    continue
                path = ("parameters", name)
                if name not in self.words.sections.get("parameters", {}):
                    self.words.stands(path, partial(locate, name))
                found[name] = (value, path)
        for name, one in self.waiting.items():
            path = ("parameters", name)
            self.words.mark(path, SPELLED["parameters"], one.text, one.offset)
            found[name] = (plan_value(self.words, one.value, name, path), path)
        self.found = found
        return found

    def finish(self, values: dict[str, Value], made: Mapping[str, tuple[Value, Key]], kinds: dict[str, str]) -> None:
        """Take the parameters that were found for the network's, but those of layers (`made`), which have them already.

        `values` are all data so far, `kinds` the section of every name.
        """
        for name, found in self.waiting.items():
            if name in made:
                continue
            if kinds.get(name) == "nodes":
                raise UsageError(
                    f"{SPELLED['parameters']} {found.text}: {name} is a node",
                    hint=f'Its formula is changed with -n "{name} = ..."',
                )
            if self.from_file and not self._mentioned(name):
                raise self._unknown("parameters", name, self._names(made, kinds))
            kinds[name] = "parameters"
            values[name] = self.found[name][0]
        for file, loaded in self.loaded:
            self._load(file, loaded, values, made, kinds)

    def spelled(self, written: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[str]]:
        """How parameters are written: `written` with what flags say, and the names whose numbers a file has."""
        flagged = {name: one.value for name, one in self.waiting.items()}
        loaded = [name for _, found in self.loaded for name in found if name not in self.given | flagged.keys()]
        return {**written, **flagged}, loaded

    def _names(self, made: Mapping[str, tuple[Value, Key]], kinds: dict[str, str]) -> list[str]:
        return [*(name for name, section in kinds.items() if section == "parameters"), *made]

    def _load(
        self,
        file: str,
        loaded: dict[str, Value],
        values: dict[str, Value],
        made: Mapping[str, tuple[Value, Key]],
        kinds: dict[str, str],
    ) -> None:
        known = self._names(made, kinds)
        for name, value in loaded.items():
            if name in self.given or name in self.waiting or name in made:
                continue
            if name in known:
                values[name] = value
            elif not self.from_file and self._mentioned(name) and name.isidentifier() and name not in kinds:
                values[name] = value
                kinds[name] = "parameters"
            else:
                theirs = {self.origins.get(other, other): value for other, value in loaded.items()}
                hint = f"In the file:     {_listed(list(theirs))}\nIn the network:  {_listed(known)}"
                shapes = {p: _shape(made[p][0] if p in made else values[p]) for p in known if p not in loaded}
                if pairs := paired({k: v for k, v in theirs.items() if k not in known}, shapes):
                    hint += f"\nSay which is which:  {' '.join(f'--as {text}' for text in pairs[:8])}"
                raise SpecError(
                    f"{file}: no parameter of {self.words.source} is called {self.origins.get(name, name)}"
                    f"{did_you_mean(name, known)}",
                    hint=hint,
                )


def _shape(value: Value) -> tuple[int, ...]:
    return tuple(getattr(value, "shape", ()))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") or "none"


def read_parameters(file: str) -> dict[str, Value]:
    """Values by name from a JSON (or YAML) mapping, an NPZ or a safetensors file."""
    return {name: ready(value) for name, value in read_placed(file)[0].items()}


@files.unquoted()
def read_placed(file: str) -> tuple[dict[str, Value], Callable[[str], Place | None]]:
    """Values by name from a file, as `read_parameters` gives them, and where each name is written."""
    if file.lower().endswith(".npz"):
        from backpropcli.language.data.numpy_files import OURS, read_arrays

        arrays = {name: array for name, array in read_arrays(file).items() if not name.startswith(OURS)}
        if not arrays:
            raise FileError(f"{file} has no arrays", hint="numpy.savez(file, W1=..., b1=...) writes them by name.")
        return arrays, lambda name: Place(f"{file}, array {name}")
    if file.lower().endswith(BINARY):
        from backpropcli.language.data.columns import LARGEST_TABLE
        from backpropcli.language.data.pickles import refuse_pickle
        from backpropcli.language.data.safetensors import read_safetensors

        name = files.shown(file)
        data = files.read_bytes(file, LARGEST_TABLE)
        refuse_pickle(data, name)
        found = {key: stored.value for key, stored in read_safetensors(data, name).items()}
        if not found:
            raise FileError(f"{name} has no arrays")
        return found, lambda key: Place(f"{file}, array {key}")
    from backpropcli.language.file.document import read

    document = read(file)
    words = Words(document.name, document)
    if not isinstance(document.data, dict):
        raise words.error(f"{file} is not a mapping of names to numbers", (), 'Such as {"w1": 2, "b1": [0, 1]}')
    if not document.data:
        raise words.error(f"{file} holds no numbers", (), 'Such as {"w1": 2, "b1": [0, 1]}')
    result: dict[str, Value] = {}
    paths: dict[str, Key] = {}
    for name, raw, path in leaves(document.data):
        if name in result:
            raise words.error(f"{name} is given twice", path)
        try:
            result[name] = read_value(words, raw, name, path)
        except BackpropError as error:
            raise words.placed(error, path) from None
        paths[name] = path
    return result, lambda name: _bare(words.place(paths.get(name, (name,))))


def _bare(place: Place | None) -> Place | None:
    return place.bare() if place is not None else None


def leaves(data: dict[str, Any], before: str = "", path: Key = ()) -> Iterator[tuple[str, Any, Key]]:
    """Every number or list with its name, `fc1.weight` where objects stand in objects, and its path."""
    for key, raw in data.items():
        name, here = f"{before}{key}", (*path, key)
        if isinstance(raw, dict) and raw and len(here) <= DEEPEST:
            yield from leaves(raw, f"{name}.", here)
        else:
            yield name, raw, here
