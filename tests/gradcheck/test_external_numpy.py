"""Backward passes as people write them in NumPy: right ones raise no alarm, every slip is found, and has its name."""

import json
import re

import numpy as np
import pytest
from numpy_passes import (
    PASSES,
    attention,
    batch_norm,
    conv,
    embedding,
    layer_norm,
    lstm,
    mlp,
    rnn,
    softmax_regression,
)

SLIPS = [
    (mlp, "m - 1", r"1\.25 times what is right, and that is n/\(n - 1\) with n = 5, the number of examples in x"),
    (mlp, "2 forgotten", r"2 times what is right"),
    (mlp, "no 1/m", r"5 times what is right, and 5 is the number of examples in x"),
    (mlp, "sign of the error", r"sign the other way round"),
    (mlp, "y for z3 - y", r"\(z3 \+ y\) stands in the gradient of e where e belongs|z3 \+ y"),
    (mlp, "first example", r"only the first example goes into the gradient of W3"),
    (mlp, "last example", r"only the last example goes into the gradient of b2"),
    (mlp, "one example in all", r"only the first example goes into the gradient of"),
    (mlp, "a1 for a2 in dW3", r"a1 stands in the gradient of W3 where a2 belongs"),
    (mlp, "x for a1 in dW2", r"x stands in the gradient of W2 where a1 belongs"),
    (mlp, "mean for sum in b3", r"1/5 times what is right, and 5 is the number of examples"),
    (mlp, "1/m in dW alone", r"5 times what is right, and 5 is the number of examples"),
    (mlp, "no transpose", r"W3 stands in the gradient of a2 where W3\.T belongs"),
    (mlp, "W2 for W3", r"W2 stands in the gradient of a2 where W3 belongs"),
    (mlp, "dW3 for W3", r"dJ/dW3 stands in the gradient of a2 where W3 belongs"),
    (mlp, "1 - a", r"tanh's local derivative is 1 - a2 there instead of 1 - a2\*\*2"),
    (mlp, "1 + a**2", r"tanh's local derivative is 1 \+ a2\*\*2 there instead of 1 - a2\*\*2"),
    (mlp, "1 - z**2", r"tanh's local derivative is 1 - z2\*\*2 there instead of 1 - a2\*\*2"),
    (mlp, "1 - a everywhere", r"1 - a1 there instead of 1 - a1\*\*2 in every tanh \(a1 and a2\)"),
    (mlp, "a1 for a2 in tanh'", r"a1 stands in the gradient of z2 where a2 belongs"),
    (mlp, "sigmoid's rule", r"sigmoid's local derivative a2 \* \(1 - a2\) stands where tanh's 1 - a2\*\*2 belongs"),
    (mlp, "no tanh'", r"tanh's local derivative 1 - a2\*\*2 is missing"),
    (mlp, "detached", r"theirs is 0: nothing comes back"),
    (mlp, "accumulated", r"what is right plus dJ/dW3"),
    (mlp, "rows in reverse", r"the rows are in reverse order"),
    (mlp, "dz for da exported", r"dJ/da2: these are the numbers of dJ/dz2"),
    (mlp, "dW exchanged", r"dJ/dW1: these are the numbers of dJ/dW2"),
    (mlp, "not summed", r"the sum over axis 0, which broadcasting stretched, is missing"),
    (mlp, "summed over all", r"summed over axis 0 too \(np\.sum without an axis\)"),
    (mlp, "weight decay", r"weight decay"),
    (mlp, "clipped", r"theirs is clipped to ±0\.1"),
    (softmax_regression, "wrong axis", r"softmax's rule at P goes along axis 0 instead of 1"),
    (softmax_regression, "diagonal alone", r"g \* P \* \(1 - P\)"),
    (softmax_regression, "y - p", r"sign the other way round"),
    (softmax_regression, "n for n - 1", r"n/\(n - 1\) with n = 4"),
    (softmax_regression, "1 - h", r"1 - h there instead of 1 - h\*\*2"),
    (softmax_regression, "dZ for dP", r"dE/dP: these are the numbers of dE/dZ"),
    (softmax_regression, "convention", r"dE/dh, dE/dZ: theirs is 4 times what is right, and 4 is .*their 1/m"),
    (batch_norm, "epsilon", r"the 0\.001 in s = sqrt\(v \+ 0\.001\) is left out"),
    (batch_norm, "another epsilon", r"the 0\.001 in s = sqrt\(v \+ 0\.001\) is 1e-05 in their backward pass"),
    (batch_norm, "ddof", r"v has n - 1 = 5 in their backward pass where n = 6 belongs"),
    (batch_norm, "n - 1 in the variance", r"n/\(n - 1\) with n = 6"),
    (batch_norm, "variance a constant", r"v = mean\(c\*\*2, axis=0\)"),
    (batch_norm, "mean a constant", r"mu = mean\(z, axis=0\)"),
    (batch_norm, "c**2 without 2", r"1/2 times what is right"),
    (batch_norm, "z for xhat in dgamma", r"z stands in the gradient of gamma where xhat belongs"),
    (batch_norm, "c for xhat in dgamma", r"c stands in the gradient of gamma where xhat belongs"),
    (layer_norm, "epsilon", r"the 0\.001 in xhat = .* is left out"),
    (layer_norm, "ddof", r"v has n - 1 = 4 in their backward pass where n = 5 belongs"),
    (layer_norm, "axis", r""),
    (rnn, "gradients that come in are lost", r"nothing comes back"),
    (rnn, "h_prev in tanh'", r"h0 stands in the gradient of z1 where h1 belongs, and so in every step"),
    (rnn, "1 - h", r"1 - h1 there instead of 1 - h1\*\*2 in every tanh"),
    (rnn, "= for +=", r"only the path from W through z1 = .* is kept \(= in place of \+=\)"),
    (rnn, "h for h_prev", r"h1 stands in the gradient of U where h0 belongs, and so in every step"),
    (rnn, "W for U", r"W stands in the gradient of h1 where U belongs, and so in every step"),
    (rnn, "U not transposed", r"U stands in the gradient of h1 where U\.T belongs"),
    (lstm, "c for tanh(c)", r"c stands in the gradient of o where s belongs"),
    (lstm, "1 - c**2", r"1 - c\*\*2 there instead of 1 - s\*\*2"),
    (lstm, "1 - s", r"1 - s there instead of 1 - s\*\*2"),
    (lstm, "c for c0", r"c stands in the gradient of f where c0 belongs"),
    (lstm, "f for i", r"f stands in the gradient of g where i belongs"),
    (lstm, "g as a sigmoid", r"sigmoid's local derivative g \* \(1 - g\) stands where tanh's 1 - g\*\*2 belongs"),
    (lstm, "o not squashed", r"sigmoid's local derivative o \* \(1 - o\) is missing"),
    (lstm, "gates in another order", r"of 4 equal blocks \(gates\?\) theirs are 0, 1, 3, 2"),
    (embedding, "= for +=", r"rows of E that are picked more than once keep only their last gradient"),
    (embedding, "fancy +=", r"rows of E that are picked more than once keep only their last gradient"),
    (embedding, "counted", r"rows of E that are picked more than once get the mean"),
    (embedding, "not scattered", r"these are the numbers of dJ/dh"),
    (conv, "1 - a", r"1 - a there instead of 1 - a\*\*2"),
    (conv, "kernel flipped", r"turned by 180 degrees"),
    (conv, "rows flipped", r"the rows are in reverse order"),
    (conv, "transposed", r"transposed"),
    (conv, "mean", r"1/12 times what is right, and 12 is the size of"),
    (conv, "b mean", r"1/12 times what is right, and 12 is the size of"),
    (attention, "softmax axis", r"softmax's rule at p goes along axis 0 instead of 1"),
    (attention, "no sum", r"- sum\(g \* p\) of softmax's rule is missing"),
    (attention, "scale left out", r"1\.732 times what is right, and that is sqrt\(3\)|sqrt\(3\)"),
    (attention, "scale twice", r"0\.5774 times what is right, and that is 1/sqrt\(3\)|sqrt\(3\)"),
    (attention, "p not transposed", r"p stands in the gradient of v where p\.T belongs"),
    (attention, "q for k", r"q\.T stands in the gradient of q where k\.T belongs"),
    (attention, "keys not transposed", r"transposed"),
    (attention, "exchanged", r"dJ/dWq: these are the numbers of dJ/dWk"),
]


def exported(gradients, form):
    """The gradients as another program hands them over."""
    if form == "float32":
        return {k: np.asarray(v, np.float32) for k, v in gradients.items()}
    return gradients


def six_digits(path, gradients):
    def shown(value):
        return [shown(v) for v in value] if isinstance(value, list) else float(f"{value:.6g}")

    path.write_text(json.dumps({k: shown(np.asarray(v).tolist()) for k, v in gradients.items()}))
    return path


@pytest.mark.parametrize("make", PASSES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_right_ones_raise_no_alarm(make, seed, tmp_path):
    one = make(seed)
    network, right = one.network(), one.backward("")
    for form in (right, exported(right, "float32"), six_digits(tmp_path / "six.json", right)):
        report = network.check_gradients(form)
        assert report.status == 0, report.external.entries[:3]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0])
@pytest.mark.parametrize(("make", "bug", "words"), SLIPS, ids=[f"{make.__name__} {bug}" for make, bug, _ in SLIPS])
def test_every_slip_is_found_and_called_by_its_name(make, bug, words, seed, tmp_path):
    one = make(seed)
    network, wrong = one.network(), one.backward(bug)
    for form in (wrong, six_digits(tmp_path / "six.json", wrong)):
        found = network.check_gradients(form).external
        assert found.verdict == "fail"
        if isinstance(form, dict):
            assert re.search(words, " ".join(found.likely)), (found.where, found.likely)


@pytest.mark.parametrize("make", PASSES, ids=lambda make: make.__name__)
def test_what_no_mistake_explains_is_given_no_name(make):
    one = make(5)
    network, right = one.network(), one.backward("")
    r = np.random.default_rng(7)
    for chance in (0.3, 1.0):
        wrong = {
            k: v * (1 + 0.2 * r.normal(size=np.shape(v)) * (r.random(np.shape(v)) < chance)) for k, v in right.items()
        }
        found = network.check_gradients(wrong).external
        assert found.verdict == "fail"
        assert all(" only " in words for words in found.likely), found.likely  # where it is, not what
