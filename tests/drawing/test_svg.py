"""The drawing as a picture: nothing overlaps, no edge runs through a box, everything is there and has its name."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from graph_makers import GRAPHS, KINDS, chain, layered, loaded, recurrent
from hypothesis import given, settings
from hypothesis import strategies as st
from svg_geometry import SVG, Area, Drawing, Edge, faults

import backpropcli as bp
from backpropcli.drawing.model import Item, Picture
from backpropcli.drawing.picture import picture
from backpropcli.drawing.svg import drawn, svg

EXAMPLES = sorted((Path(__file__).parent.parent.parent / "examples").glob("*.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_overlaps(name: str) -> None:
    drawing = Drawing(svg(GRAPHS[name]()))
    assert not faults(drawing)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("form", [{}, {"blank": True}, {"level": "layers"}, {"expand": True}], ids=str)
def test_nothing_overlaps_in_the_gallery(path: Path, form: dict[str, object]) -> None:
    assert not faults(Drawing(svg(bp.load(path).run(), **form)))


@pytest.mark.slow
@settings(max_examples=100)
@given(
    st.sampled_from(sorted(KINDS)),
    st.integers(2, 40),
    st.integers(0, 10**6),
    st.sampled_from([{}, {"blank": True}, {"level": "layers"}, {"expand": True}]),
)
def test_nothing_overlaps_at_random(kind: str, size: int, seed: int, form: dict[str, Any]) -> None:
    trace = KINDS[kind](size, seed)
    drawing = Drawing(svg(trace, **form))
    assert not faults(drawing)
    pairs = {(edge.source, edge.target) for edge in drawing.edges if edge.target}
    shown = picture(trace, **form)
    assert pairs == {(source, item.name) for item in shown.items.values() for source in item.inputs}
    if not form.get("level") and not form.get("expand"):
        assert pairs == {(source, node.name) for node in trace.graph.nodes.values() for source in node.inputs}


@settings(max_examples=25)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=14), st.integers(0, 10**6), st.sampled_from([0, 0, 3]))
def test_every_layer_has_its_frame(sizes: list[int], seed: int, batch: int) -> None:
    trace = layered(sizes, seed, batch)
    drawing = Drawing(svg(trace, level="layers"))
    assert not faults(drawing)
    captions = [text.what.split(": ", 1)[1] for text in drawing.texts if ": layer" in text.what]
    assert len(captions) == len(drawing.frames)
    assert [c for c in captions if "," not in c] == [f"layer {k}" for k in range(1, len(sizes))]
    assert not Drawing(svg(trace)).frames
    for box in drawing.boxes:  # a layer's own boxes inside its frame, and nothing else inside
        around = [c for frame, c in zip(drawing.frames, captions, strict=True) if box.inside(frame)]
        number = re.fullmatch(r"[Wbtzaw](\d+)", box.what)
        assert [c.removesuffix(", continued") for c in around] == ([f"layer {number[1]}"] if number else [])


def test_layers_one_over_the_other_have_frames() -> None:
    layers = [{"dense": {"units": 2, "input": name, "init": "he"}} for name in ("x", "x", "x", "t1")]
    drawing = Drawing(
        svg(
            loaded(
                inputs={"x": [1, 2]},
                layers=[{"dense": {**layer["dense"], "bias": False}} for layer in layers],
                nodes={"J": "sum(t2 * t3 * t4)"},
                loss="J",
            ),
            level="layers",
        )
    )
    assert len(drawing.frames) == 4
    assert not faults(drawing)


def test_bands_are_broken_between_layers() -> None:
    drawing = Drawing(svg(layered([3] * 13), level="layers"))
    assert len({frame.top for frame in drawing.frames}) > 1
    assert len(drawing.frames) == 12


def test_faults_are_found() -> None:
    drawing = Drawing(svg(bp.load(EXAMPLES[0].parent / "lecture.yaml").run()))
    assert not faults(drawing)
    box = drawing.boxes[3]
    drawing.boxes.append(box._replace(what="other", left=box.left + 5, right=box.right + 5))
    assert faults(drawing)
    drawing.boxes.pop()
    drawing.edges.append(Edge("x", "y", [((box.left + box.right) / 2, (box.top + box.bottom) / 2)]))
    assert f"edge x -> y runs through {box.what!r}" in faults(drawing)
    drawing.edges.pop()
    drawing.edges.append(drawing.edges[0]._replace(source="other"))
    assert any("are one" in fault for fault in faults(drawing))
    drawing.edges.pop()
    drawing.frames.append(Area(box.left - 5, box.top - 5, box.right - 5, box.bottom + 5, "frame"))
    assert f"frame 0 cuts {box.what!r}" in faults(drawing)
    drawing.frames.pop()
    drawing.texts.append(Area(drawing.texts[0].left, drawing.texts[0].top, drawing.texts[0].right + 3, 1e3, "long"))
    assert faults(drawing)


def test_the_lecture_has_all_its_parts() -> None:
    drawing = Drawing(svg(bp.load(EXAMPLES[0].parent / "lecture.yaml").run()))
    numbers = {
        (part.get("data-name"), part.get("class")): part.text
        for part in drawing.root.iter(f"{SVG}tspan")
        if part.get("data-name")
    }
    data = {"x": 1, "y": 5, "w1": 2, "b1": 0, "w2": 3, "b2": 1}
    values = {**data, "t1": 2, "z1": 2, "a1": 2, "t2": 6, "z2": 7, "a2": 7, "J": 2}
    gradients = {"w1": 6, "b1": 6, "w2": 4, "b2": 2, "t1": 6, "z1": 6, "a1": 6, "t2": 2, "z2": 2, "a2": 2, "J": 1}
    assert numbers == {
        **{(name, "value"): str(number) for name, number in values.items()},
        **{(name, "gradient"): str(number) for name, number in gradients.items()},
    }
    assert {element.get("id") for element in drawing.nodes.values()} == {f"node-{name}" for name in values}
    title, words = drawing.root.find(f"{SVG}title"), drawing.root.find(f"{SVG}desc")
    assert title is not None
    assert title.text == "The computation graph of J"
    assert words is not None
    assert "t1 = w1 · x = 2, gradient 6" in (words.text or "")


def test_the_main_chain_is_straight() -> None:
    drawing = Drawing(svg(bp.load(EXAMPLES[0].parent / "lecture.yaml").run()))
    level = [edge for edge in drawing.edges if edge.source in ("x", "t1", "z1", "a1", "t2", "z2", "a2")]
    heights = {round(y, 1) for edge in level for _, y in edge.points}
    assert len(heights) == 1


def test_small_kinks_are_straightened() -> None:
    drawing = Drawing(svg(bp.load(EXAMPLES[0].parent / "mazur.yaml").run()))
    (edge,) = [edge for edge in drawing.edges if (edge.source, edge.target) == ("E_o1", "E")]
    assert len({round(y, 1) for _, y in edge.points}) == 1


def test_a_long_chain_is_broken_into_bands() -> None:
    short, long = Drawing(svg(chain(6))), Drawing(svg(chain(60)))
    assert short.size[0] > 3 * short.size[1]
    assert long.size[0] < 3 * long.size[1]
    assert not faults(long)


def test_shared_values_pass_a_break_by_name() -> None:
    trace = recurrent(6)
    drawing = Drawing(svg(trace))
    assert drawing.size[0] <= 1540
    assert not faults(drawing)
    again = [text.what for text in drawing.texts if text.what.startswith(": ")]
    assert again.count(": wf") == again.count(": bo") >= 3
    shown = picture(trace)
    assert {(e.source, e.target) for e in drawing.edges if e.target} == {
        (source, item.name) for item in shown.items.values() for source in item.inputs
    }


@pytest.mark.parametrize("name", ["random-50", "dense-50", "chain-50", "layers-12", "recurrent-4", "residual-12"])
@pytest.mark.parametrize("widest", [700.0, 1000.0, 2000.0])
def test_no_wider_than_is_said(name: str, widest: float) -> None:
    drawing = Drawing(drawn(picture(GRAPHS[name]()), widest=widest))
    assert drawing.size[0] <= widest
    assert not faults(drawing)


def test_a_drawing_of_500_nodes_is_no_ribbon() -> None:
    for name in ("random-500", "chain-500"):
        wide, high = Drawing(svg(GRAPHS[name]())).size
        assert 0.5 < wide / high < 3, name


def box_text(trace: bp.Trace, name: str) -> str:
    """All that stands in a node's box and beside it, the box first."""
    texts = Drawing(svg(trace)).nodes[name].iter(f"{SVG}text")
    return " ".join("".join(text.itertext()) for text in texts)


def test_a_formula_keeps_its_signs_however_long_its_names() -> None:
    a, b = "the_activation_after_the_nonlinearity_of_it", "the_target_value_that_we_would_like_to_see"
    net = loaded(
        parameters={a: 1, b: 3},
        loss="J",
        nodes={
            "J": f"({a} - {b})**2 / 2",
            "s": f"sin({a} * {b} + exp(-{a})) - 1",
        },
    )
    assert re.fullmatch(r"\(the_\S+…\S+ − the_\S+…\S+\)² / 2 J = 2 1", box_text(net, "J"))
    assert re.match(r"sin\(the_\S+ ·\S+ \+ exp\(−the_\S+\)\) − 1 s", box_text(net, "s"))
    names = [part.text for part in Drawing(svg(net)).nodes["J"].iter(f"{SVG}tspan") if part.get("class") == "name"]
    assert len(names) == 3  # set as names
    terms = {f"p{k}": k for k in range(150)}
    whole = box_text(loaded(parameters=terms, nodes={"J": f"({' + '.join(terms)})**2 / 2"}), "J")
    assert "…" not in whole
    assert [name for name in terms if not re.search(rf"\b{name}\b", whole)] == []
    assert ")² / 2" in whole


def test_numbers_are_set_as_in_print() -> None:
    text = box_text(loaded(parameters={"w": -1234568}, nodes={"J": "-w * w"}), "w")
    assert text == "w = −1234568 2469136"
    huge = loaded(parameters={"w": 1e300}, nodes={"J": "-w * w * w"})
    assert "J = −∞" in box_text(huge, "J")
    assert "-" not in box_text(huge, "w")


def test_powers_are_raised() -> None:
    nodes = {"s": "3 * 2**(a + b) + a**b", "t": "b**sin(a + b) - 1", "J": "s * t"}
    net = loaded(parameters={"a": 1, "b": 2}, nodes=nodes)
    drawing = Drawing(svg(net))
    raised = {
        name: [part.text for part in drawing.nodes[name].iter(f"{SVG}tspan") if "power" in part.get("class", "")]
        for name in "st"
    }
    assert raised == {"s": ["a", " + ", "b", "b"], "t": ["sin(", "a", " + ", "b", ")"]}
    assert "*" not in box_text(net, "s") + box_text(net, "t")


def test_blanks_tell_nothing() -> None:
    trace = bp.load(EXAMPLES[0].parent / "mazur.yaml").run()
    text = " ".join(Drawing(svg(trace, blank=True)).root.itertext())
    worked = [name for name, node in trace.graph.nodes.items() if node.kind == "node"]
    numbers = [trace.value(name) for name in worked] + [
        trace.gradient(name) for name, node in trace.graph.nodes.items() if node.kind in ("node", "parameter")
    ]
    assert "= 0.05" in text  # what is given stays, or there would be nothing to work with
    shown = [f"{number:.3g}" for number in numbers]
    assert sum(len(number) > 4 for number in shown) > 20
    assert [number for number in shown if len(number) > 4 and number in text] == []
    assert text.count("__") == 2 * len(numbers)  # in the picture, and in its description


def test_without_ids() -> None:
    text = svg(loaded(parameters={"w": 2}, nodes={"J": "w**2"}), ids=False)
    assert " id=" not in text
    assert 'data-name="w"' in text


names = st.text(min_size=1, max_size=12)


@given(st.lists(names, min_size=3, max_size=3, unique=True), names, names)
def test_any_name_and_formula_is_xml(three: list[str], formula: str, value: str) -> None:
    a, b, c = three
    items = {
        a: Item(a, "parameter", "", "", False, (), (value,), (value,), ()),
        b: Item(b, "input", "", "", False, (2,), (value, value), (), ()),
        c: Item(c, "node", formula, formula, False, (), (value,), (value,), (a, b)),
    }
    Drawing(drawn(Picture(items, {c: (a,)}, c, False), title=formula))


def test_500_nodes_take_less_than_a_second() -> None:
    for name in ("random-500", "random-500-window", "dense-500", "chain-500"):
        trace = GRAPHS[name]()
        start = time.process_time()
        svg(trace)
        assert time.process_time() - start < 2.0, name


def test_levels() -> None:
    trace = bp.load(EXAMPLES[0].parent / "mazur.yaml").run()
    items = picture(trace, level="layers").items
    assert [item.title for item in items.values()] == [
        "i1, i2, b1",
        "b2",
        "t1, t2",
        "w1 … w4",
        "w5 … w8",
        "net_h1, net_h2",
        "out_h1, out_h2",
        "net_o1, net_o2",
        "out_o1, out_o2",
        "E_o1, E_o2",
        "E",
    ]
    assert items["out_h1"].inputs == ("net_h1",)
    assert items["E"].label == "+"
