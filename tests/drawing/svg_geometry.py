"""An SVG read back as shapes: where its boxes and texts are, and which points its edges go through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from xml.etree import ElementTree

from backpropcli.drawing.svg_text import SUBSCRIPT, width

SVG = "{http://www.w3.org/2000/svg}"


class Area(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float
    what: str

    def meets(self, other: Area, slack: float = 0.5) -> bool:
        return (
            self.left + slack < other.right
            and other.left + slack < self.right
            and self.top + slack < other.bottom
            and other.top + slack < self.bottom
        )

    def holds(self, x: float, y: float, slack: float = 1.0) -> bool:
        return self.left + slack < x < self.right - slack and self.top + slack < y < self.bottom - slack

    def inside(self, other: Area) -> bool:
        return (
            other.left - 0.1 <= self.left
            and self.right <= other.right + 0.1
            and other.top - 0.1 <= self.top
            and self.bottom <= other.bottom + 0.1
        )


class Edge(NamedTuple):
    source: str
    target: str
    points: list[tuple[float, float]]


class Drawing:
    def __init__(self, text: str) -> None:
        self.root = ElementTree.fromstring(text)
        self.size = (float(self.root.get("width", 0)), float(self.root.get("height", 0)))
        body = self.root.find(f"{SVG}g")
        assert body is not None
        left, top = (float(word) for word in re.findall(r"[\d.]+", body.get("transform", "")))
        self.paper = Area(-left, -top, self.size[0] - left, self.size[1] - top, "the paper")
        self.frames: list[Area] = []
        self.boxes: list[Area] = []
        self.texts: list[Area] = []
        self.nodes: dict[str, ElementTree.Element] = {}
        self.edges: list[Edge] = []
        for element in body:
            kind = element.get("class", "")
            if kind.startswith("node"):
                self.nodes[element.get("data-name", "")] = element
            if kind.startswith("edge") or "line" in kind:
                points = [
                    p
                    for path in element.iter(f"{SVG}path")
                    if "line" in path.get("class", "")
                    for p in followed(path.get("d", ""))
                ]
                points = points or list(followed(element.get("d", "")))
                self.edges.append(Edge(element.get("data-from", ""), element.get("data-to", ""), points))
            name = element.get("data-name", "")
            for part in element.iter():
                if part.get("class") == "frame":
                    self.frames.append(area(part, "frame"))
                if part.get("class") == "box":
                    self.boxes.append(area(part, name))
                if part.tag == f"{SVG}text":
                    self.texts.append(text_area(part, name))


def area(part: ElementTree.Element, name: str) -> Area:
    if part.tag == f"{SVG}circle":
        x, y, r = (float(part.get(key, 0)) for key in ("cx", "cy", "r"))
        return Area(x - r, y - r, x + r, y + r, name)
    x, y, w, h = (float(part.get(key, 0)) for key in ("x", "y", "width", "height"))
    return Area(x, y, x + w, y + h, name)


def text_area(part: ElementTree.Element, name: str) -> Area:
    size = float(part.get("font-size", 15))
    pieces = [(part.text or "", size)]
    for run in part:
        pieces += [(run.text or "", float(run.get("font-size", size))), (run.tail or "", size)]
    assert all(s in (size, float(f"{size * SUBSCRIPT:.4g}")) for _, s in pieces)
    wide = sum(width(text, s) for text, s in pieces)
    x, y = float(part.get("x", 0)), float(part.get("y", 0))
    x -= {"middle": wide / 2, "end": wide}.get(part.get("text-anchor", ""), 0.0)
    return Area(x, y - 0.74 * size, x + wide, y + 0.22 * size, f"{name}: {''.join(part.itertext())}")


def followed(path: str) -> Iterator[tuple[float, float]]:
    """Points along a path, a few pixels apart."""
    x = y = 0.0
    for command, words in re.findall(r"([MHVChl])([^MHVChlvz]*)", path):
        numbers = [float(word) for word in re.findall(r"-?[\d.]+", words)]
        if command == "M":
            x, y = numbers
            yield x, y
        elif command == "C":
            points = [(x, y), *zip(numbers[::2], numbers[1::2], strict=True)]
            for k in range(1, 41):
                t = k / 40
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                yield (
                    sum(w * px for w, (px, _) in zip(weights, points, strict=True)),
                    sum(w * py for w, (_, py) in zip(weights, points, strict=True)),
                )
            x, y = points[-1]
        else:
            end = {"H": (numbers[0], y), "V": (x, numbers[0]), "h": (x + numbers[0], y)}[command]
            steps = max(1, int((abs(end[0] - x) + abs(end[1] - y)) / 5))
            for k in range(1, steps + 1):
                yield x + (end[0] - x) * k / steps, y + (end[1] - y) * k / steps
            x, y = end


def faults(drawing: Drawing) -> list[str]:
    """Everything that overlaps and should not; edges on boxes and texts."""
    found = []
    grid = Grid([*drawing.boxes, *drawing.texts])
    boxes, texts = set(map(id, drawing.boxes)), set(map(id, drawing.texts))
    for one, other in grid.pairs():
        both_texts = id(one) in texts and id(other) in texts
        box_and_text = (id(one) in boxes) != (id(other) in boxes)
        if one.meets(other) and not (box_and_text and (one.inside(other) or other.inside(one))):
            found.append(f"{'texts' if both_texts else 'boxes'} {one.what!r} and {other.what!r}")
    for edge in drawing.edges:
        for x, y in edge.points:
            found += [
                f"edge {edge.source} -> {edge.target} runs through {item.what!r}"
                for item in grid.near(x, y)
                if item.holds(x, y) and not (id(item) in boxes and item.what in (edge.source, edge.target))
            ]
    found += doubled(drawing.edges)
    for k, frame in enumerate(drawing.frames):
        found += [
            f"frame {k} cuts {item.what!r}"
            for item in [*drawing.boxes, *drawing.texts]
            if frame.meets(item) and not item.inside(frame)
        ]
        found += [f"frames {k} and {j}" for j, other in enumerate(drawing.frames) if j < k and frame.meets(other)]
    whole = [*drawing.boxes, *drawing.texts, *drawing.frames]
    found += [f"{item.what!r} is outside" for item in whole if not item.inside(drawing.paper)]
    return sorted(set(found))


def doubled(edges: list[Edge]) -> Iterator[str]:
    """Level lines of two nodes that lie on top of each other, so that a reader takes them for one."""
    rows: dict[int, list[tuple[float, float, float, str]]] = {}
    for edge in edges:
        for (a, y), (b, end) in pairwise(edge.points):
            if y == end and a != b:
                piece = (min(a, b), max(a, b), y, edge.source)
                for row in {int(y // 2), int((y + 2) // 2), int((y - 2) // 2)}:
                    rows.setdefault(row, []).append(piece)
    for pieces in rows.values():
        pieces.sort()
        reached: list[tuple[float, float, float, str]] = []
        for piece in pieces:
            reached = [other for other in reached if other[1] > piece[0] + 1]
            for other in reached:
                if other[3] != piece[3] and abs(other[2] - piece[2]) < 2:
                    both = " and ".join(sorted({other[3], piece[3]}))
                    yield f"lines of {both} are one at {piece[0]:.0f} {piece[2]:.0f}"
            reached.append(piece)


class Grid:
    """Areas by the squares that they touch, so that a large drawing is compared in no time."""

    def __init__(self, areas: list[Area], size: float = 60.0) -> None:
        self.size = size
        self.squares: dict[tuple[int, int], list[Area]] = {}
        for item in areas:
            for i in range(int(item.left // size), int(item.right // size) + 1):
                for j in range(int(item.top // size), int(item.bottom // size) + 1):
                    self.squares.setdefault((i, j), []).append(item)

    def near(self, x: float, y: float) -> list[Area]:
        return self.squares.get((int(x // self.size), int(y // self.size)), [])

    def pairs(self) -> Iterator[tuple[Area, Area]]:
        seen = set()
        for items in self.squares.values():
            for k, one in enumerate(items):
                for other in items[k + 1 :]:
                    key = (id(one), id(other))
                    if key not in seen:
                        seen.add(key)
                        yield one, other
