"""What learners write that is not NumPy: the exact words, and the place."""

import pytest

from backpropcli.errors import FormulaError
from backpropcli.language.formula.reading import read_formula as parse

HABITS = [
    ("(a2 - y)^2 / 2", "^", "^ is not an operator here; a power is **: (a2 - y)**2", ""),
    ("e^x", "^", "^ is not an operator here; a power is **: e**x", "The exponential function is exp(x)."),
    ("1/(1+e^(-z))", "^", "^ is not an operator here; a power is **: e**(-z)", "The exponential function is exp(-z)."),
    ("W^T @ x", "^", "^ is not an operator here", "Transposed is W.T"),
    ("2x", "2x", "an operator is missing between these", "Write 2 * x"),
    ("2(a+b)", "2(", "an operator is missing between these", "Write 2 * (a+b)"),
    ("(a+b)(c-d)", ")(", "an operator is missing between these", "Write (a+b) * (c-d)"),
    ("x y", "x y", "an operator is missing between these", "Write x * y"),
    ("f(x) y", ") y", "an operator is missing between these", "Write f(x) * y"),
    (")(", ")", ") closes nothing", "Its ( is missing, or it is one too many."),
    ("2,001", "2,001", "decimals are written with a point", "Write 2.001"),
    ("w*x + 0,5", "0,5", "decimals are written with a point", "Write 0.5"),
    (
        "a, b",
        ",",
        ", has no place here",
        "A node is one value. Arguments stand in parentheses, a list in brackets: [a, b].",
    ),
    ("1 000", "1 000", "a number has no space inside", "Write 1000"),
    ("1.2.3", "1.2.3", "1.2.3 is not a number", "A number has one decimal point."),
    ("0xZZ", "0xZZ", "0xZZ is not a number", "In hexadecimal a number has the digits 0 to f: 0x1F."),
    ("1e999", "1e999", "1e999 is larger than the largest float, 1.8e308", ""),
    (
        "9" * 400 + " * x",
        "9" * 400,
        "99999999999999999999... (400 characters) is larger than the largest float, 1.8e308",
        "",
    ),
    (
        'f"{w}"',
        'f"{w}"',
        "a text has no place here",
        "A formula is made of names and numbers; a text is an option, as in einsum('ij,jk->ik', a, b).",
    ),
    ("2020-01-02", "01", "01 begins with 0", "Write 1"),
    ("a ÷ (b+1)", "÷", "÷ is not an operator here", "Write a / (b+1)"),
    ("√(x+1)", "√", "√ is not an operator here", "A square root is sqrt(x+1)."),
    ("½*x", "½", "½ is not a number here", "Write 1/2"),
    ("x₁ + 1", "x₁", "names have plain digits", "Write x1"),
    ("|x|", "|", "| | are not brackets here", "The absolute value is abs(x)."),
    ("50% * x", "50%", "50% is not a number here", "Write 50/100"),
    ("x * 5%", "5%", "5% is not a number here", "Write 5/100"),
    ("a and b", "and", "and has no place in a formula", "Both of two conditions: (a > 0) & (b > 0)."),
    ("a or b", "or", "or has no place in a formula", "One of two conditions: (a > 0) | (b > 0)."),
    ("not a", "not", "not has no place in a formula", "The opposite of a condition: ~(a > 0)."),
    ("z if z > 0 else 0", "if", "if has no place in a formula", "A choice is where(condition, a, b)."),
    (
        "sum(x for x in y)",
        "for",
        "for has no place in a formula",
        "Operations work on whole arrays: sum(x * w), without a loop.",
    ),
    (
        "lambda * w",
        "lambda",
        "lambda is a word of Python and cannot be a name",
        "Call it lam, or say what a function is under functions:.",
    ),
    ("x!", "!", "! is not an operator here", "There is no factorial; write it out as a number."),
    ("z ? a : b", "?", "? is not an operator here", "A choice is where(condition, a, b)."),
    ("J = (a-y)**2", "=", "= has no place in a formula", "Write only what stands behind it: (a-y)**2"),
    ("2*a = b", "=", "= has no place in a formula", "Equal is ==."),
    ("a =< b", "=", "= has no place in a formula", "At most is <=, at least is >=, not equal is !=."),
    ("a === b", "=", "this comparison has one sign too many", "Equal is ==, at most is <=, not equal is !=."),
    ("a < b < c", "<", "comparisons cannot be chained", "Write (a < b) & (b < c)"),
    ("(a + b", "(", "( is never closed", "Its ) is missing."),
    ("f(a, (b)", "(", "( is never closed", "Its ) is missing."),
    ("x[1, 2", "[", "[ is never closed", "Its ] is missing."),
    ("(a]", "]", "( is closed by ]", "Close it with )."),
    ("a)", ")", ") closes nothing", "Its ( is missing, or it is one too many."),
    ("a +", "+", "the formula ends after +", "Something is missing there, or YAML cut it."),
    ("a + * b", "*", "nothing stands between + and *", ""),
    ("* a", "*", "nothing stands before *", ""),
    ("a; b", ";", "; has no place here", "One formula a node: give each its own name and line."),
    ("“a”", "“", "“ is a printer's quote", "Straight quotes are \" and '; a formula seldom needs any."),
    (
        "x\u200b",
        "\u200b",
        "an invisible character stands here: U+200B (zero width space)",
        "Delete it, or type the formula again.",
    ),
    ("x\x00", "\x00", "an invisible character stands here: U+0000", "Delete it, or type the formula again."),
    ("w' * x", "'", "a prime cannot be part of a name", "Another name could be w_new; transposed is w.T."),
    ("x′", "′", "a prime cannot be part of a name", "Another name could be x_new; transposed is x.T."),
    ("{a + b}", "{", "{ } are not brackets here", "Group with ( ), index with [ ]."),
    ("a && b", "&&", "&& is not an operator here", "Write a & b"),
    ("f(axis=0, a)", "a", "an argument without a name stands behind a named one", "Named ones come last."),
    ("f(k=1, k=2)", "k", "k is given twice", ""),
    ("x[]", "[]", "an index is missing between [ and ]", ""),
    ("np.", "np.", "a name is missing after np.", ""),
]


@pytest.mark.parametrize(("text", "caret", "message", "hint"), HABITS, ids=[habit[0] for habit in HABITS])
def test_habit(text: str, caret: str, message: str, hint: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    error = caught.value
    assert (error.message, error.hint) == (message, hint)
    assert error.span is not None
    start, length = error.span
    assert text[start : start + length] == caret


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_empty(text: str) -> None:
    with pytest.raises(FormulaError, match=r"^the formula is empty$"):
        parse(text)


def test_the_place_of_an_unclosed_bracket_is_its_own() -> None:
    with pytest.raises(FormulaError) as caught:
        parse("a + f(b, g(c)")
    assert caught.value.span == (5, 1)


def test_the_second_sign_of_a_chained_comparison() -> None:
    with pytest.raises(FormulaError) as caught:
        parse("a < b < c")
    assert caught.value.span == (6, 1)
