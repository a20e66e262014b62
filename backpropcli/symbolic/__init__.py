"""Graph to SymPy: nodes as expressions made of the textbook formulas, their derivatives, and numbers from both.

The formulas are the operation table's own, read by our parser; no text goes to SymPy. Operations that change shape run
their value body on object arrays of expressions. A value is a SymPy expression, or an object array of them; the entry
W[0, 1] is the symbol of that name. All symbols are real. SymPy is imported when the first of these is called.
"""

from backpropcli.symbolic.arrays import symbols
from backpropcli.symbolic.chain import gradients
from backpropcli.symbolic.compose import expression, gradient
from backpropcli.symbolic.digits import evaluate
from backpropcli.symbolic.words import SymbolicError, symbol

__all__ = ["SymbolicError", "evaluate", "expression", "gradient", "gradients", "symbol", "symbols"]
