"""Mazur's network in NumPy with a backward pass written by hand, for `backprop check --program "python net.py"`.

    backprop check --program "python net.py"          its gradients are right
    backprop check --program "python net.py --bug"    sigmoid's local derivative is a1, not a1 * (1 - a1)

Every line on stdin is a JSON object of parameters; what is not in it, as in {}, keeps the value below. Every line is
answered by one line on stdout, flushed at once, with the loss, the parameters and the gradients.

Source of the network: Mazur, "A Step by Step Backpropagation Example" (2015).
"""

import json
import sys

import numpy as np

BUG = "--bug" in sys.argv
x, y = np.array([0.05, 0.10]), np.array([0.01, 0.99])
OWN = {
    "W1": np.array([[0.15, 0.25], [0.20, 0.30]]),  # a row for each input, a column for each unit
    "b1": np.array([0.35, 0.35]),
    "W2": np.array([[0.40, 0.50], [0.45, 0.55]]),
    "b2": np.array([0.60, 0.60]),
}


def sigmoid(z):
    """The logistic function, entry by entry."""
    return 1 / (1 + np.exp(-z))


def loss_and_gradients(p):
    """The loss at the parameters `p`, and its gradient for each of them."""
    a1 = sigmoid(x @ p["W1"] + p["b1"])
    a2 = sigmoid(a1 @ p["W2"] + p["b2"])
    loss = np.sum((a2 - y) ** 2) / 2
    dz2 = (a2 - y) * a2 * (1 - a2)
    da1 = p["W2"] @ dz2
    dz1 = da1 * a1 if BUG else da1 * a1 * (1 - a1)
    return loss, {"W1": np.outer(x, dz1), "b1": dz1, "W2": np.outer(a1, dz2), "b2": dz2}


if __name__ == "__main__":
    for line in sys.stdin:
        parameters = OWN | {name: np.array(value) for name, value in json.loads(line).items()}
        loss, gradients = loss_and_gradients(parameters)
        answer = {
            "loss": float(loss),
            "parameters": {name: value.tolist() for name, value in parameters.items()},
            "gradients": {name: value.tolist() for name, value in gradients.items()},
        }
        print(json.dumps(answer), flush=True)
