"""What is suggested for a formula that cannot be read: the whole line, and only what our own parser reads."""

from __future__ import annotations

import re
import types
from pathlib import Path

import numpy as np
import pytest

import backpropcli
from backpropcli.errors import BackpropError, FormulaError
from backpropcli.language import loads
from backpropcli.language.formula.hints import reads, suggested
from backpropcli.language.formula.meant.repair import whole
from backpropcli.language.formula.names import names
from backpropcli.language.formula.reading import read_formula as parse
from backpropcli.language.formula.show import show
from backpropcli.language.formula.special import SPECIAL
from backpropcli.language.formula.tree import Call, postorder
from backpropcli.language.formula.unknown import nearest_operation
from backpropcli.ops.refused import REFUSED
from backpropcli.ops.table import lookup

KNOWN = ("w", "x", "b", "y", "z", "a", "W", "r", "p", "x1", "w1", "x2", "w2", "a2", "y_hat")

# As typed by a learner, and what the hint tells to write.
MEANT = [
    ("2x^2 + 3x + 1", "2*x**2 + 3*x + 1"),
    ("3x", "3 * x"),
    ("3x + 2y", "3*x + 2*y"),
    ("3(x+1)", "3 * (x+1)"),
    ("(x+1)(x-1)", "(x+1) * (x-1)"),
    ("2(x+1)(x-1)", "2*(x+1)*(x-1)"),
    ("x y z", "x*y*z"),
    ("w x + b", "w * x"),
    ("w1 x1 + w2 x2 + b", "w1*x1 + w2*x2 + b"),
    ("a b + x y", "a*b + x*y"),
    ("x1x2 y", "x1*x2*y"),
    ("-2x", "2 * x"),
    ("+3y^2", "+3*y**2"),
    ("6.02e23x", "6.02e23 * x"),
    ("x[0] y", "x[0] * y"),
    ("max(x) y", "max(x) * y"),
    ("relu(x) relu(z)", "relu(x) * relu(z)"),
    ("tanh(w x)", "w * x"),
    ("np.exp(x) np.exp(y)", "np.exp(x) * np.exp(y)"),
    ("2(x) + 3(y)", "2*(x) + 3*(y)"),
    ("x.T y", "x.T * y"),
    # Calls without parentheses.
    ("||x||_1 + 2", "norm(x, ord=1) + 2"),
    ("‖x - z‖", "norm(x - z)"),
    ("tanh x", "tanh(x)"),
    ("sigmoid z", "sigmoid(z)"),
    ("relu z + b", "relu(z) + b"),
    ("log p", "log(p)"),
    ("sqrt 2", "sqrt(2)"),
    ("exp x", "exp(x)"),
    ("2 sin x", "2*sin(x)"),
    ("sin x cos x", "sin(x)*cos(x)"),
    ("ln x", "log(x)"),
    ("ln(x)^2", "log(x)**2"),
    ("log2 x", "log2(x)"),
    ("np.exp x", "exp(x)"),
    ("softmax z", "softmax(z)"),
    ("1/2 tanh x", "1/2*tanh(x)"),
    ("sum x", "sum(x)"),
    ("mean a", "mean(a)"),
    ("abs x", "abs(x)"),
    ("sin^2(x)", "sin(x)**2"),
    ("cos²(x)", "cos(x)**2"),
    ("cos²(x) + sin²(x)", "cos(x)**2 + sin(x)**2"),
    ("tanh^2(w*x)", "tanh(w*x)**2"),
    ("lg x", "log10(x)"),
    ("tg x", "tan(x)"),
    # PyTorch.
    ("nn.ReLU()(x)", "relu(x)"),
    ("nn.Linear(2,2)(x)", "x @ W.T + b"),
    ("nn.Tanh()(z)", "tanh(z)"),
    ("nn.Sigmoid()(nn.Linear(3,1)(x))", "sigmoid((x @ W.T + b))"),
    ("nn.Softmax(dim=1)(z)", "softmax(z, dim=1)"),
    ("nn.MSELoss()(x, y)", "mse_loss(x, y)"),
    ("torch.nn.CrossEntropyLoss(reduction='sum')(z, y)", "cross_entropy_loss(z, y, reduction='sum')"),
    ("nn.SmoothL1Loss()(x, y)", "smooth_l1_loss(x, y)"),
    ("nn.BCEWithLogitsLoss()(z, y)", "binary_cross_entropy_with_logits(z, y)"),
    ("torch.nn.ReLU()(x)", "relu(x)"),
    ("nn.GELU()(x) + b", "gelu(x) + b"),
    ("nn.LeakyReLU(0.1)(x)", "leaky_relu(x, 0.1)"),
    ("nn.Flatten()(x)", "x.ravel()"),
    ("nn.Identity()(x)", "x"),
    ("nn.Softplus()(x)", "softplus(x)"),
    ("nn.SiLU()(w*x)", "silu(w*x)"),
    ("nn.ELU()(x)", "elu(x)"),
    # Mathematics on paper.
    ("Σ w_i x_i", "sum(w * x)"),
    ("Σ w_i x_i + b", "sum(w * x) + b"),
    ("Σᵢ wᵢxᵢ", "sum(w * x)"),
    ("Σ w_i*x_i", "sum(w*x)"),
    ("W^T x + b", "W.T @ x + b"),
    ("w^T x", "w.T @ x"),
    ("W^T", "W.T"),
    ("e^(-x)", "exp(-x)"),
    ("1/(1+e^(-z))", "exp(-z)"),
    ("1/(1 + e^{-z})", "1/(1 + e**(-z))"),
    ("e^{-z}", "e**(-z)"),
    ("x^{1/2}", "x**(1/2)"),
    ("x^{2} + y^{2}", "x**(2) + y**(2)"),
    ("½(a-y)²", "1/2*(a-y)**2"),
    ("½(a-y)^2", "1/2*(a-y)**2"),
    ("1/2(a-y)^2", "1/2*(a-y)**2"),
    ("0.5(a-y)^2", "0.5*(a-y)**2"),
    ("½", "1/2"),
    ("¾ x", "3/4*x"),
    ("π r²", "pi*r**2"),
    ("2πx", "2*pi*x"),
    ("√x", "sqrt(x)"),
    ("√(x+1) + 2x", "sqrt(x+1) + 2*x"),
    ("2√x", "2*sqrt(x)"),
    ("||w||", "norm(w)"),
    ("||w||^2", "norm(w)**2"),
    ("2*||w||_2 + 3x", "2*norm(w) + 3*x"),
    ("‖w‖", "norm(w)"),
    ("sum_i w_i x_i", "sum(w * x)"),
    ("sum_i w[i]", "sum(w)"),
    ("x mod 2", "x % 2"),
    ("(x + 1) MOD 2", "(x + 1) % 2"),
    ("x div 2", "x // 2"),
    ("W^-1 x", "inv(W)"),
    ("W^{-1} @ x", "inv(W)"),
    ("W**-1 x", "W**-1*x"),
    ("!x", "logical_not(x)"),
    ("max(0; w*x)", "max(0, w*x)"),
    ("W[0; 1]", "W[0, 1]"),
    ("[1, 2; 3, 4] @ x", "[[1, 2], [3, 4]] @ x"),
    ("[1 2; 3 4] @ x", "[[1, 2], [3, 4]] @ x"),
    ("∛x", "cbrt(x)"),
    ("|x|", "abs(x)"),
    ("2|x|", "2*abs(x)"),
    ("|x - y| + 2x", "abs(x - y) + 2*x"),
    ("x²y", "x**2*y"),
    ("x² y", "x**2*y"),
    ("a²b²", "a**2*b**2"),
    ("x₁ + 1", "x1"),
    ("x₁ + x₂", "x1 + x2"),
    ("w₁x₁", "w1*x1"),
    ("w₁x₁ + w₂x₂ + b", "w1*x1 + w2*x2 + b"),
    ("w₁·x₁", "w1·x1"),
    ("w⊙x", "w * x"),
    ("w∘x", "w * x"),
    ("w ⊙ x + 2b", "w * x + 2*b"),
    ("x÷2", "x / 2"),
    ("x – y", "x - y"),
    ("x — 2y", "x - 2*y"),
    ("x ＋ y", "x + y"),
    ("a ∧ b", "a & b"),
    ("a ∨ b", "a | b"),
    ("a && b", "a & b"),
    ("a || b", "a | b"),
    ("x => y", "x >= y"),
    ("0,5", "0.5"),
    ("w*x + 0,5", "0.5"),
    ("0,5x", "0.5*x"),
    ("1 000", "1000"),
    ("a < b < x", "(a < b) & (b < x)"),
    # LaTeX.
    (r"$\frac{1}{2}(a-y)^2$", "((1) / (2))*(a-y)**2"),
    (r"\frac{1}{2}(a-y)^2", "((1) / (2))*(a-y)**2"),
    (r"\sigma(w x + b)", "sigmoid(w*x + b)"),
    (r"\sigma(w \cdot x + b)", "sigmoid(w * x + b)"),
    (r"\max(0, z)", "maximum(0, z)"),
    (r"\sqrt{x}", "sqrt(x)"),
    (r"\ln(x)", "log(x)"),
    (r"\tanh(z)", "tanh(z)"),
    (r"\left(a - y\right)^2", "(a - y)**2"),
    (r"W^\top x", "W.T @ x"),
    (r"2 \pi r", "2*pi*r"),
    # Programs.
    ("J = 2x", "2*x"),
    ("J = (a-y)**2", "(a-y)**2"),
    ("y := w x", "w*x"),
    ("a2 = relu(z)", "relu(z)"),
    ("[1 2 3]", "[1, 2, 3]"),
    ("sum([1 2 3])", "sum([1, 2, 3])"),
    ("W.t() x", "W.T @ x"),
    ("z > 0 ? z : 2x", "where(z > 0, z, 2*x)"),
    ("z if z > 0 else 2x", "where(z > 0, z, 2*x)"),
    ("01", "1"),
    ("concatenate(x, y)", "concatenate([x, y])"),
    ("50% * x", "50/100"),
]
MISREAD = [  # nobody knows what is meant, so nothing is suggested that may mean another thing
    ("sin x^2", "What belongs to it stands in them: sin(x)"),
    ("tanh w*x", "What belongs to it stands in them: tanh(x)"),
    ("sin 2x", "What belongs to it stands in them: sin(x)"),
    ("tanh w x", "What belongs to it stands in them: tanh(x)"),
    ("3y + sin x^2", ""),
    ("x/2y", "Write x/2 * y, or x/(2 * y): which of them is meant?"),
    ("1/2x", "Write 1/2 * x, or 1/(2 * x): which of them is meant?"),
    ("h_{t-1}", "A step in time is written h[t], and the one before it h[t-1]."),
    ("w * h_{t-1} + b", "A step in time is written h[t], and the one before it h[t-1]."),
]


def hint(text: str) -> tuple[str, str]:
    """What is said of a formula: the message, the hint."""
    from backpropcli.graph import Graph
    from backpropcli.language.formula.lower import Lowering

    graph = Graph()
    for name in KNOWN:
        graph.add_data(name, "parameter", (2, 2) if name in ("W", "w", "x") else ())
    with pytest.raises(FormulaError) as caught:
        Lowering(graph, {}).lower(parse(text, KNOWN))
    return caught.value.message, caught.value.hint


def formulas(said: str) -> list[str]:
    """The formulas that a hint tells to write."""
    before = "behind it: |function is |value is |root is |Write (?!only)"
    found = re.findall(rf"(?:{before})(.+?)(?:, or (.+?): which.*)?[.?]?$", said)
    return [part for pair in found for part in pair if part]


@pytest.mark.parametrize(("typed", "meant"), MEANT, ids=[typed for typed, _ in MEANT])
def test_the_fix_is_told_and_reads(typed: str, meant: str) -> None:
    message, told = hint(typed)
    assert meant in f"{told} {message}"
    assert reads(meant)
    (written,) = formulas(told) or [meant]
    assert reads(written), written


@pytest.mark.parametrize(("typed", "meant"), MISREAD, ids=[typed for typed, _ in MISREAD])
def test_what_may_mean_two_things_is_not_decided(typed: str, meant: str) -> None:
    _, told = hint(typed)
    assert meant in told
    assert all(reads(part) for part in formulas(told) if "stands in them" not in told), told


@pytest.mark.parametrize("typed", [typed for typed, _ in MEANT])
def test_a_suggestion_for_the_whole_line_is_the_last(typed: str) -> None:
    """Written as told, the line is read: no second error waits behind the first."""
    fixed, count = whole(typed, KNOWN)
    if count > 1:
        assert set(names(parse(fixed, KNOWN))) <= {*KNOWN, "pi", "e"}


def test_what_backprop_prints_is_read() -> None:
    for printed, meant in (
        ("x² · w", "x**2 * w"),
        ("(a - y)²/2", "(a - y)**2 / 2"),
        ("x⁻¹", "x**-1"),
        ("w × x − 3", "w * x - 3"),
        ("a ≤ b", "a <= b"),
        ("2 · x³ · y", "2 * x**3 * y"),
        ("z ≠ 0", "z != 0"),
        ("x¹²", "x**12"),
        ("−x", "-x"),
    ):
        assert show(parse(printed)) == meant
    assert lookup("σ") is lookup("sigmoid")


def test_only_what_reads_is_suggested() -> None:
    assert suggested("x + ") == ""
    assert suggested("x +", otherwise="A sum has two sides.") == "A sum has two sides."
    assert suggested("x + y", "Such as {}.") == "Such as x + y."
    assert whole("relu relu x") == ("", 0)


def test_every_formula_of_a_hint_goes_through_one_place() -> None:
    """`suggested` reads it first. Nowhere else in the language does a hint put a formula together."""
    folder = Path(backpropcli.__file__).parent / "language" / "formula"
    found = [
        (path.name, line.strip())
        for path in sorted(folder.glob("*.py"))
        if path.name != "repair.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r'f"Write \{(?!operation\.written)', line)
    ]
    assert found == []


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_what_stands_for_a_refused_name_reads(refused) -> None:
    for start in re.finditer(r"(?<![\w.])[a-z]\w*\(", refused.hint):
        text, depth = refused.hint[start.start() :], 0
        for k, letter in enumerate(text):
            depth += (letter in "([{") - (letter in ")]}")
            if letter in ")]}" and not depth:
                text = text[: k + 1]
                break
        tree = parse(text)
        assert all(lookup(part.name) or part.name == refused.name for part in postorder(tree) if isinstance(part, Call))


NUMPYS = (np.ufunc, types.FunctionType, type(np.sum), type(np.dot))
RARE = {"array_str", "geterr", "isnat", "setdiff1d"}
"""Nobody's formula has these."""


@pytest.mark.parametrize("module", [np, np.linalg], ids=lambda module: module.__name__)
def test_no_name_of_numpys_is_taken_for_a_slip_of_another(module) -> None:
    """`np.real(x)` is no misspelt relu, `np.cov(x)` no cos: what means something else is never suggested."""
    names = [n for n in dir(module) if not n.startswith("_") and isinstance(getattr(module, n), NUMPYS)]
    wrong = [(n, near) for n in names if lookup(n) is None and n not in SPECIAL and (near := nearest_operation(n))]
    assert [n for n, _ in wrong if n not in RARE] == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("tahn(x)", "Did you mean tanh?"),
        ("sigmiod(x)", "Did you mean sigmoid?"),
        ("sigmoid'(x)", "worked out for you"),
        ("dsigmoid(x)", "Say once"),
        ("tanh_prime(x)", "Say once"),
        ("x.T()", "x.T"),
        ("mse(x, y)", "mean((z - y)**2)"),
        ("W(0, 1)", "One entry is W[0, 1]"),
        ("x(1)", "x * 1; one entry is x[1]"),
        ("sum(x_i)", "write x, one entry is x[0]"),
        ("dw + 1", "worked out for you"),
        ("dJ/dw", "worked out for you"),
        ("real(x)", "Write the name alone."),
        ("W.shape[1].eye() + x", "eye(3)"),
        ("x.zeros()", "zeros(3)"),
    ],
)
def test_what_would_give_another_answer_is_not_suggested(typed: str, told: str) -> None:
    spec = 'inputs: {x: [1, 2], y: [3, 4]}\nparameters: {w: 3, W: [[1, 2], [3, 4]]}\nnodes: {J: "%s"}'
    with pytest.raises(BackpropError) as caught:
        loads(spec % typed)
    assert told in caught.value.hint
