"""An embedding: for each whole number its row of a table."""

from __future__ import annotations

from backpropcli.language.layers.kind import Kind, Node, Parameter
from backpropcli.language.layers.setting import COUNT, INIT, INPUT, SEEDED, VALUE, Setting

EMBEDDING = Kind(
    name="embedding",
    help="For each class number its row of E: shape (...) becomes (..., units).",
    on=(5,),
    wants="how many classes there are, and units",
    form="- embedding: {classes: 27, units: 10, init: normal}",
    call="embedding(27, 10, init=normal)",
    settings=(
        Setting("classes", COUNT, "How many classes (words, letters) there are: the rows of E."),
        Setting("units", COUNT, "How many numbers stand for each: the columns of E."),
        Setting("E", VALUE, "The table: a row a class, a column a unit."),
        INIT,
        SEEDED,
        INPUT,
    ),
    parameters=(Parameter("E", "E", lambda layer: (layer["classes"], layer["units"]), axes=("classes", "units")),),
    nodes=(Node("e", "embedding({x}, {E})"),),
    positional=("classes", "units"),
    exactly_one=("E", "init"),
    weights="Write E: [[...], [...]], or init: normal",
)
