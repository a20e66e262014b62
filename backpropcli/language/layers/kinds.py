"""The kinds of layers that there are: a new one is a file that declares it, and a line here."""

from __future__ import annotations

from backpropcli.language.layers.dense import DENSE

KINDS = {kind.name: kind for kind in (DENSE,)}
