"""ONNX's own tests of its operators as networks: a formula a node, beside the outputs that ONNX's tests expect."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from comparing import Outcome, Sample
from onnx_forms import FORMS
from onnx_node import Node


def cases() -> list[Any]:
    """Every node test that the package holds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.loader import load_model_tests

        found: list[Any] = load_model_tests(kind="node")
    return found


def plain(value: Any) -> Any:
    """A tensor as an array; what is none, as it is."""
    from onnx import TensorProto, numpy_helper

    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else value


def numeric(array: Any) -> bool:
    """Whether it is an array of real numbers, or of true and false."""
    return isinstance(array, np.ndarray | np.generic) and (array.dtype.kind in "biuf" or array.dtype.name == "bfloat16")


def translated(case: Any) -> Sample | Outcome:
    """A test's first data set as formulas; an Outcome where it cannot be one."""
    graph = case.model.graph
    inputs, outputs = case.data_sets[0]
    arrays = {spec.name: plain(value) for spec, value in zip(graph.input, inputs, strict=False)}
    wanted = [plain(value) for value in outputs]
    if not all(map(numeric, [*(a for a in arrays.values() if a is not None), *wanted])):
        return Outcome("missing", "values that are no arrays of real numbers")
    known = evaluated(case.model, arrays)
    names = {name: f"x{k}" for k, name in enumerate(arrays)}
    formulas: dict[str, str] = {}
    try:
        for node in graph.node:
            for name, text in written(node, names, known).items():
                names[name] = f"n{len(names)}"
                formulas[names[name]] = text
        results = [names[spec.name] for spec in graph.output]
    except (NotImplementedError, KeyError) as error:
        return Outcome("missing", str(error))
    used = set(re.findall(r"\b[xn]\d+\b", " ".join([*formulas.values(), *results])))
    data = {name: arrays[key] for key, name in names.items() if key in arrays and name in used}
    return Sample(results, {}, data, wanted, nodes=formulas)


def evaluated(model: Any, arrays: dict[str, Any]) -> dict[str, Any]:
    """What is known of every value of a graph: from ONNX's own evaluator, or the inputs and constants alone."""
    from onnx import numpy_helper
    from onnx.reference import ReferenceEvaluator

    known = {**arrays, **{one.name: numpy_helper.to_array(one) for one in model.graph.initializer}}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            known |= ReferenceEvaluator(model).run(None, arrays, intermediate=True)
    except Exception:  # whatever it cannot evaluate: then the options must be inputs or constants
        pass
    return known


def written(node: Any, names: dict[str, str], known: dict[str, Any]) -> dict[str, str]:
    """The formula of each output of a node that is wanted."""
    form = FORMS.get(node.op_type)
    if form is None or node.domain:
        raise NotImplementedError(f"no operation for {node.op_type}")
    found = form(Node(node, names, known))
    texts: Sequence[str] = [found] if isinstance(found, str) else found
    outputs = list(node.output)
    if any(outputs[len(texts) :]):
        raise NotImplementedError(f"more results of {node.op_type}")
    return {name: text for name, text in zip(outputs, texts, strict=False) if name}
