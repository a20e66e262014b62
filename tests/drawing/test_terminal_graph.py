"""The drawing in characters: the lecture's to the letter, and every other read back line by line."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from graph_makers import GRAPHS, KINDS, chain, dense, loaded, random_graph
from hypothesis import given, settings
from hypothesis import strategies as st

import backpropcli as bp
from backpropcli.drawing.canvas import Canvas, TangledError
from backpropcli.drawing.lanes import Net, lanes
from backpropcli.drawing.picture import picture
from backpropcli.drawing.short_names import short_names
from backpropcli.drawing.terminal import Drawing, terminal_graph
from backpropcli.render.width import width_of

if TYPE_CHECKING:
    from backpropcli.drawing.model import Picture

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))

LECTURE = """\
      w1=2     b1=0               w2=3     b2=1                   y=5
      │ ▲6     │ ▲6               │ ▲4     │ ▲2                   │
      ▼ │  t1  ▼ │  z1        a1  ▼ │  t2  ▼ │  z2        a2      ▼       J
x=1 ─▶(×)──2──▶(+)──2──▶relu──2──▶(×)──6──▶(+)──7──▶relu──7──▶(a2-y)²/2──▶2
         ◀──6──   ◀──6──    ◀──6──   ◀──2──   ◀──2──    ◀──2──         ◀──1

▶ values    ◀ gradients of J
"""
LECTURE_ASCII = """\
      w1=2     b1=0               w2=3     b2=1                    y=5
      | ^6     | ^6               | ^4     | ^2                    |
      v |  t1  v |  z1        a1  v |  t2  v |  z2        a2       v       J
x=1 ->(*)--2-->(+)--2-->relu--2-->(*)--6-->(+)--7-->relu--7-->(a2-y)^2/2-->2
         <--6--   <--6--    <--6--   <--2--   <--2--    <--2--          <--1

> values    < gradients of J
"""
MAZUR_LAYERS = """\
     ┌─ layer 1 ─────────────────────┐ ┌─ layer 2 ─────────────────────┐
     W1 (2,2)  b1 (2,)                 W2 (2,2)  b2 (2,)                        y (2,)
     ▼ ▲       ▼ ▲                     ▼ ▲       ▼ ▲                            ▼
x ──▶(@)──t1──▶(+)──z1──▶sigmoid──a1──▶(@)──t2──▶(+)──z2──▶sigmoid──a2──▶sum((a2-y)²)/2──▶J
(2,)      (2,)      (2,)          (2,)      (2,)      (2,)          (2,)
"""
COLAH = """\
            a=2
            │ ▲2
            ▼ │  c            E
b=1 ─────┬─▶(+)──3────┬▶(×)──▶6
    ◀──5─│     ◀──2─┌─┘    ◀──1
         │          │
         │       d  │
         └─▶b+1──2──┘
               ◀──3─

▶ values    ◀ gradients of E
"""

BANDS = """\
        w=3
        │ ▲806.9
        ▼ │  a
x=2 ─┬─▶(×)──6─────┄
     │     ◀──403.4─
     └─────────────┄

        b
a ▶exp──403.4─┄
      ◀──1─────
x ┄───────────┄

            J
b ┄─┬▶(+)──▶405.4
  ┌─┘    ◀──1
x ┘

▶ values    ◀ gradients of J
"""


def text(trace: bp.Trace, width: int | None = None, ascii: bool = False, **how: object) -> str:
    return "".join(f"{line}\n" for line in terminal_graph(picture(trace, **how), width, ascii))


def example(name: str) -> bp.Trace:
    return bp.load(ROOT / "examples" / f"{name}.yaml").run()


def test_the_lecture() -> None:
    assert text(example("lecture")) == text(example("lecture-layers")) == LECTURE
    assert text(example("lecture"), 80) == LECTURE
    assert text(example("lecture"), ascii=True) == LECTURE_ASCII


def test_a_value_used_twice() -> None:
    assert text(example("colah-computational-graphs")) == COLAH


def test_shapes() -> None:
    assert text(example("mazur-layers"), level="layers") == MAZUR_LAYERS


BATCH = """\
            w1=2            b1=0
            │ ▲9            │ ▲9
            ▼ │  t1         ▼ │  z1               a1
x=[1 2 3] ─▶(×)──[2 4 6]───▶(+)──[2 4 6]───▶relu──[2 4 6]──┄
               ◀──[6 6 -3]──   ◀──[6 6 -3]──    ◀──[6 6 -3]─

    w2=3             b2=1                                      y=[5 11 20]
    │ ▲6             │ ▲3                                      │
    ▼ │  t2          ▼ │  z2                a2                 ▼         J
a1 ▶(×)──[6 12 18]──▶(+)──[7 13 19]──▶relu──[7 13 19]──▶sum((a2-y)²)/2──▶4.5
       ◀──[2 2 -1]───   ◀──[2 2 -1]───    ◀──[2 2 -1]───              ◀──1

▶ values    ◀ gradients of J
"""
MAZUR_LAYERS_80 = """\
     ┌─ layer 1 ─────────────────────┐
     W1 (2,2)  b1 (2,)
     ▼ ▲       ▼ ▲
x ──▶(@)──t1──▶(+)──z1──▶sigmoid──a1─┄
(2,)      (2,)      (2,)          (2,)

    ┌─ layer 2 ─────────────────────┐
    W2 (2,2)  b2 (2,)                        y (2,)
    ▼ ▲       ▼ ▲                            ▼
a1 ▶(@)──t2──▶(+)──z2──▶sigmoid──a2──▶sum((a2-y)²)/2──▶J
         (2,)      (2,)          (2,)
"""
NEGATIVE = """\
      w=-2
      │ ▲-3
      ▼ │   a                J
x=1 ─▶(×)── -2 ──▶(a-1)²/2──▶4.5
         ◀── -3 ──        ◀──1

▶ values    ◀ gradients of J
"""


def test_a_drawing_is_broken_in_front_of_a_layer() -> None:
    assert text(example("batch"), 80) == BATCH
    assert text(example("mazur-layers"), 80, level="layers") == MAZUR_LAYERS_80


def test_no_wider_than_a_page_where_nobody_says_how_wide() -> None:
    for trace in (example("mazur-layers"), example("mazur"), chain(50)):
        lines = text(trace).splitlines()
        assert 100 < max(map(len, lines)) <= 120


def test_a_layer_in_two_bands_says_so() -> None:
    continued = [line for line in text(example("mazur-layers"), 24, level="layers").splitlines() if "layer" in line]
    assert [line.strip("┌─ ┐") for line in continued] == [
        "layer 1",
        "layer 1, continued",
        "layer 2",
        "layer 2, continued",
    ]


SIDE_BY_SIDE = """
inputs:  {x: [0.5, 1]}
layers:
  - dense: {units: 2, activation: relu, W: [[1, 2], [3, 4]], b: [0, 0]}
  - dense: {units: 2, activation: tanh, input: x, W: [[1, 2], [3, 4]], b: [0, 0]}
  - dense: {units: 1, activation: tanh, input: a1, W: [[1], [3]], b: [0]}
nodes: {h: "a3[0] + sum(a2)", J: h**2/2}
loss: J
"""


def test_layers_one_over_the_other_share_a_heading() -> None:
    heading, *_ = text(bp.loads(SIDE_BY_SIDE).run(), level="layers").splitlines()
    assert re.findall(r"┌─ (.*?) ─+┐", heading) == ["layer 1", "layers 2, 3"]


def test_layers_belong_to_the_layers_form() -> None:
    assert "layer" not in text(example("mazur"), level="layers")
    assert "layer" not in text(example("mazur-layers"))
    shown = picture(bp.load(ROOT / "examples" / "lecture-layers.yaml", parameters=("w1=4",)).run(), level="layers")
    assert shown.layers == {1: ["w1", "b1", "t1", "z1", "a1"], 2: ["w2", "b2", "t2", "z2", "a2"]}


def test_a_minus_sign_keeps_away_from_the_line() -> None:
    net = loaded(inputs={"x": 1}, parameters={"w": -2}, nodes={"a": "w*x", "J": "(a - 1)**2/2"})
    assert text(net) == NEGATIVE
    for trace in (net, random_graph(12, 5), random_graph(14, 2, 3)):
        assert "─-" not in text(trace)
        assert not re.search(r"---\d|<---", text(trace, ascii=True))


def test_bands_say_what_a_box_of_several_holds() -> None:
    lines = text(dense([2, 4, 4, 1]), 80, level="layers").splitlines()
    assert any(line.startswith("a1_0 … a1_3 ▶") for line in lines)
    plain = text(dense([2, 4, 4, 1]), 80, ascii=True, level="layers")
    assert "a1_0, ..., a1_3" in plain


def test_a_tree_is_drawn_and_what_is_not_says_why() -> None:
    leaves = {f"p{k}": k for k in range(32)}
    nodes, before = {}, list(leaves)
    while len(before) > 1:
        pairs = list(zip(before[::2], before[1::2], strict=True))
        before = [f"{a}_{k}" for k, (a, _) in enumerate(pairs)]
        nodes |= {name: f"{a} + {b}" for name, (a, b) in zip(before, pairs, strict=True)}
    tree = loaded(parameters=leaves, nodes=nodes)
    assert text(tree).count("(+)") == 31
    assert "Too large or too tangled" in text(GRAPHS["random-500"]())
    assert "As a picture: backprop draw -o net.svg" in text(GRAPHS["odd-40"](), 80)


def test_blank() -> None:
    blank = text(example("lecture"), blank=True)
    assert blank.count("__") == 18
    for datum in ("x=1", "w1=2", "w2=3", "b2=1", "y=5"):
        assert datum in blank
        blank = blank.replace(datum, "")
    assert not set("34567") & set(blank.replace("t2", "").replace("(a2-y)²/2", ""))


# Reading a drawing back: where do the lines lead that begin at a box?

SIDES = {
    "─": "lr",
    "│": "ud",
    "┌": "rd",
    "┐": "ld",
    "└": "ru",
    "┘": "lu",
    "┬": "lrd",
    "┴": "lru",
    "├": "rud",
    "┤": "lud",
    "┼": "lrud",
}
STEP = {"r": (0, 1), "u": (-1, 0), "d": (1, 0)}
BACK = {"r": "l", "u": "d", "d": "u"}


def read(shown: Picture) -> set[tuple[str, str]] | None:
    """The edges that a reader sees; None where the drawing is a list."""
    try:
        drawing = Drawing(shown, None)
        rows = [line for line, _ in drawing.canvas.rows()]
    except TangledError:
        return None
    top = min(cell.row for cells in (drawing.canvas._texts, drawing.canvas._lines) for cell in cells)
    signs = {(top + r, width_of(line[:k])): sign for r, line in enumerate(rows) for k, sign in enumerate(line)}
    boxes = {place: name for name, place in drawing.places.items()}
    result = set()
    for part in drawing.parts:
        row, column = drawing.places[part.item.name]
        start, end = column, column + part.width
        state = (row, column + width_of(part.box) - 1 + part.item.data, "r")
        waiting, seen = [state], {state}
        while waiting:
            row, column, way = waiting.pop()
            row, column = row + STEP[way][0], column + STEP[way][1]
            sign = signs.get((row, column), " ")
            if sign == "▶":
                if (row, column + 1) in boxes:  # else the value of an output
                    result.add((part.item.name, boxes[row, column + 1]))
                continue
            if sign == " " and not (row == state[0] and start < column < end):
                continue
            if sign not in SIDES or (sign == "│" and way == "r") or (sign == "─" and way == "r"):
                ways = way  # a number on the line, or a line that passes in front
            else:
                ways = SIDES[sign] if BACK[way] in SIDES[sign] else ""
            for onward in ways:
                if onward in STEP and onward != BACK[way] and (row, column, onward) not in seen:
                    seen.add((row, column, onward))
                    waiting.append((row, column, onward))
    return result


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_gallery_says_what_is_so(path: Path) -> None:
    for how in ({}, {"blank": True}, {"expand": True}, {"level": "layers"}):
        shown = picture(bp.load(path).run(), **how)
        seen = read(shown)
        assert seen == set(shown.edges) or (seen is None and path.stem == "tf-conv2d-2x3-2x2" and "expand" in how)


@pytest.mark.slow
@given(st.integers(5, 24), st.integers(0, 10**6), st.sampled_from([None, 3, 6]))
def test_every_drawing_says_what_is_so(count: int, seed: int, window: int | None) -> None:
    shown = picture(random_graph(count, seed, window))
    assert read(shown) in (None, set(shown.edges))


@pytest.mark.slow
@settings(max_examples=60)
@given(
    st.sampled_from(sorted(KINDS)),
    st.integers(2, 24),
    st.integers(0, 10**6),
    st.sampled_from([{}, {"blank": True}, {"level": "layers"}, {"expand": True}]),
    st.sampled_from([60, 80, 120]),
)
def test_graphs_of_all_shapes(kind: str, size: int, seed: int, form: dict[str, Any], width: int) -> None:
    """What is drawn says what is so; broken into bands it loses no arrow, and a band begins with names."""
    shown = picture(KINDS[kind](size, seed), **form)
    seen = read(shown)
    assert seen in (None, set(shown.edges))
    if seen is None:
        return
    whole = "\n".join(line for line, _ in Drawing(shown, width).canvas.rows())
    broken = "\n".join(Drawing(shown, width).bands())
    for sign in "▶◀▲▼":
        assert broken.count(sign) == whole.count(sign)
    titles = {item.title for item in shown.items.values()}
    for band in broken.split("\n\n")[1:]:
        entering = [line.split(" ┄")[0].strip() for line in band.splitlines() if " ┄" in line]
        assert {name for name in entering if "  " not in name} <= titles | {""}


def test_small_graphs_are_drawn() -> None:
    drawn = [read(picture(random_graph(9, seed, 4))) is not None for seed in range(40)]
    assert sum(drawn) >= 34


@pytest.mark.slow
@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("width", [None, 80, 120])
def test_large_graphs_are_drawn_or_listed(name: str, width: int | None) -> None:
    trace = GRAPHS[name]()
    lines = text(trace, width)
    for node in trace.graph.nodes:
        assert node in lines or "…" in lines
    if "Too large" in lines:
        assert "→" in lines


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_bands_fit_and_lose_nothing(width: int) -> None:
    for trace in (example("lecture"), example("udl-toy-model"), example("mazur"), chain(20), dense([2, 2, 1])):
        whole, broken = text(trace), text(trace, width)
        if width >= 60:
            assert max(map(len, broken.splitlines())) <= width
        for sign in "▶◀▲▼":
            assert broken.count(sign) == whole.count(sign)
        for name in trace.graph.nodes:
            assert broken.count(f"{name}=") == whole.count(f"{name}=")


def test_bands_of_the_chain() -> None:
    net = loaded(inputs={"x": 2}, parameters={"w": 3}, nodes={"a": "w*x", "b": "exp(a)", "J": "b + x"})
    assert text(net, 24) == BANDS


def test_a_drawing_of_many_bands_takes_no_more_than_its_share() -> None:
    shown = picture(chain(1500))
    start = time.process_time()
    lines = list(terminal_graph(shown, 80))
    assert len(lines) > 2000
    assert time.process_time() - start < 5.0  # a canvas that is read whole for every band took 40 seconds


PAINTED = re.compile(r"\x1b\[(3[56])m(.*?)\x1b\[0m")


@pytest.mark.parametrize("width", [None, 60])
def test_colours_change_nothing_else(width: int | None) -> None:
    for path in EXAMPLES:
        shown = picture(bp.load(path).run())
        plain, coloured = (list(terminal_graph(shown, width, coloured=how)) for how in (False, True))
        assert [PAINTED.sub(r"\2", line) for line in coloured] == plain


def test_values_and_gradients_have_a_colour_each() -> None:
    lines = list(terminal_graph(picture(example("lecture")), coloured=True))
    found = [PAINTED.findall(line) for line in lines]
    assert found[0] == [("36", "2"), ("36", "0"), ("36", "3"), ("36", "1"), ("36", "5")]
    assert found[1] == [("35", "▲6"), ("35", "▲6"), ("35", "▲4"), ("35", "▲2")]
    assert found[3] == [("36", number) for number in ("1", "2", "2", "2", "6", "7", "7", "2")]
    assert found[4][:2] == [("35", "◀──6──"), ("35", "◀──6──")]
    assert found[-1] == [("36", "▶ values"), ("35", "◀ gradients of J")]


def test_ascii_is_ascii() -> None:
    for path in EXAMPLES:
        for how in ({}, {"expand": True}, {"level": "layers"}):
            assert text(bp.load(path).run(), 80, True, **how).isascii()


LONG = {
    "inputs": {"the_input_of_the_network_in_metres": 1.5},
    "parameters": {"the_weight_of_the_first_connection": 0.5, "the_weight_of_the_other_connection": 2},
    "nodes": {
        "the_weighted_sum": "the_weight_of_the_first_connection * the_input_of_the_network_in_metres"
        " + the_weight_of_the_other_connection",
        "J": "(the_weighted_sum - the_input_of_the_network_in_metres)**2 / 2",
    },
}


@pytest.mark.parametrize("width", [80, 100, 120, None])
def test_long_names_are_shortened_and_told_in_full(width: int | None) -> None:
    lines = text(loaded(**LONG), width).splitlines()
    assert max(map(len, lines)) <= (width or 120)
    told = dict(line.split(" is ") for line in lines if " is " in line)
    assert {"the_input_of_the_network_in_metres", "the_weight_of_the_first_connection"} <= set(told.values())
    assert len(told) >= 3  # the two weights apart
    assert all("…" in short and sum(short in line for line in lines) > 1 for short in told)
    assert ")²/2" in "".join(lines)
    assert text(loaded(**LONG), width, ascii=True).isascii()


def test_short_names_stay_apart() -> None:
    names = [f"the_same_beginning_{k}_and_the_same_end" for k in range(30)] + ["x"]
    short = short_names(names, 14)
    assert len(set(short.values())) == 30
    assert "x" not in short
    assert max(map(len, short.values())) <= 14


def test_long_formulas_lose_their_middle_and_are_told_in_full() -> None:
    data = {f"w{k}": k for k in range(12)}
    net = loaded(parameters=data, nodes={"s": " + ".join(f"{n} * {n}" for n in data), "J": "(s - 1)**2"})
    lines = text(net, 60)
    assert max(map(len, lines.splitlines())) <= 60
    assert "s = w0 · w0 + w1 · w1" in lines or "Too large" in lines
    flat = " ".join(lines.split())
    assert "w5 · w5 + w6 · w6" in flat
    assert "w11 · w11" in flat


@pytest.mark.parametrize("name", ["random-50", "random-500", "dense-500", "fan-50"])
@pytest.mark.parametrize("width", [80, 120, None])
def test_a_list_fits(name: str, width: int | None) -> None:
    trace = GRAPHS[name]()
    lines = text(trace, width).splitlines()
    assert max(map(len, lines)) <= (width or 120)
    if any("Too large" in line for line in lines):
        ruler = max(len(line) for line in lines if set(line.strip()) == {"─"})
        assert ruler <= max(len(line) for line in lines if set(line.strip()) != {"─"} and "Too large" not in line) + 2
        words = " ".join(" ".join(lines).split())
        for node in trace.graph.nodes.values():
            assert node.name in words


def test_a_recurrent_network_is_drawn_in_bands() -> None:
    nodes = {f"h{t}": f"tanh(U*x{t} + W*h{t - 1} + b)" for t in range(1, 13)}
    data = {f"x{t}": t / 10 for t in range(1, 13)} | {"h0": 0}
    net = loaded(inputs=data, parameters={"U": 0.5, "W": 0.9, "b": 0.1}, nodes=nodes | {"J": "h12**2"})
    lines = text(net, 120)
    assert "Too large" not in lines
    assert lines.count("▶tanh(") == 12
    assert max(map(len, lines.splitlines())) <= 120


def test_the_legend_explains_crossing_lines_where_there_are_some() -> None:
    crossing = loaded(parameters={"a": 1, "b": 2}, nodes={"s": "a + b", "t": "a * b", "J": "exp(s - t)"})
    assert "─│─ they cross" in text(crossing)
    assert "-|- they cross" in text(crossing, ascii=True)
    assert "cross" not in text(example("colah-computational-graphs"))


def test_data_that_nothing_uses_stand_apart() -> None:
    net = loaded(inputs={"x": 1, "idle": 2}, parameters={"w": 2, "loose": 3}, nodes={"a": "w*x", "J": "a**2"})
    lines = text(net).splitlines()
    assert "not used: idle=2, loose=3" in lines
    assert sum("loose" in line or "idle" in line for line in lines) == 1


def test_two_lines_never_lie_on_each_other() -> None:
    canvas = Canvas()
    canvas.across("a", 0, 0, 5)
    canvas.across("b", 0, 3, 8)
    with pytest.raises(TangledError):
        canvas.rows()


def test_a_line_in_front() -> None:
    canvas = Canvas()
    canvas.across("a", 1, 0, 4)
    canvas.down("b", 2, 0, 2)
    assert [line for line, _ in canvas.rows()] == ["  │", "──│──", "  │"]
    canvas.down("a", 3, 1, 2)
    assert [line for line, _ in canvas.rows()] == ["  │", "──│┬─", "  ││"]


def test_lanes_that_wait_for_each_other() -> None:
    assert lanes([Net("a", 0, ((3, 2),)), Net("b", 3, ((5, 2),))]) == {"b": 0, "a": 1}
    with pytest.raises(TangledError):
        lanes([Net("a", 0, ((3, 2),)), Net("b", 3, ((0, 2),))])
    assert lanes([Net("a", 0, ((0, 2),))]) == {}
