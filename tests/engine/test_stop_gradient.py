"""stop_gradient: the same value, and for everything that differentiates a constant of the point."""

import json

import pytest

import backpropcli as bp
from backpropcli.app import main
from backpropcli.ops.table import TABLE, lookup

STRAIGHT_THROUGH = "x + stop_gradient(round(x) - x)"


def load(parameters, functions=None, **nodes):
    return bp.loads(json.dumps({"parameters": parameters, "functions": functions or {}, "nodes": nodes}))


@pytest.fixture
def command(capsys):
    def call(*words):
        assert main(list(words)) == 0
        return capsys.readouterr().out

    return call


def test_one_definition_says_that_nothing_flows_back():
    assert lookup("detach") is lookup("stop_gradient") is TABLE["stop_gradient"]
    assert [o.name for o in TABLE.values() if o.stops] == ["stop_gradient"]


@pytest.mark.parametrize(
    ("formula", "at", "gradient"),
    [
        ("stop_gradient(x)*x", 2, 2),
        ("detach(x)*x", 2, 2),
        ("x.detach()*x", 2, 2),
        ("jax.lax.stop_gradient(x)*x", 2, 2),
        ("tf.stop_gradient(x) * x**2", 3, 18),
        (STRAIGHT_THROUGH, 2.3, 1),
        (f"({STRAIGHT_THROUGH})**2", 2.3, 4),
        ("stop_gradient(x*x) + x", 2, 1),
        ("x*stop_gradient(x*stop_gradient(x))", 3, 9),
        ("x/stop_gradient(x)", 5, 0.2),
        ("stop_gradient(x)**x", 1, 0),
    ],
)
def test_its_gradient_on_numbers_and_on_arrays(formula, at, gradient):
    assert load({"x": at}, J=formula).run().gradient("x") == pytest.approx(gradient)
    array = load({"x": [at, at]}, J=f"sum({formula})")
    assert array.run().gradient("x") == pytest.approx([gradient, gradient])
    for network in (load({"x": at}, J=formula), array):
        report = network.check(against="all")
        assert report.verdict == "pass"
        assert all(o.verdict != "fail" for row in report.rows for o in row.opinions)


def test_the_check_sees_a_wrong_factor_beside_it():
    network = load({"x": 2.3}, {"g(z)": {"value": "z**2", "gradient": {"z": "z"}}}, J="g(x) * stop_gradient(x)")
    assert network.check().verdict == "fail"


def test_an_infinite_upstream_gradient_does_not_pass_as_nan():
    run = load({"x": 0.0}, J="sqrt(stop_gradient(x)) + x").run()
    assert run.gradient("x") == 1.0


def test_what_is_behind_it_gets_nothing():
    run = load({"v": 3.0, "x": 2.0}, a="2*v", s="stop_gradient(a)", J="s*x").run()
    assert (run.gradient("v"), run.gradient("a"), run.gradient("s"), run.gradient("x")) == (0, 0, 2, 6)


def test_it_says_so(command):
    network = ("-p", "v=3", "-p", "x=2", "-n", "a = 2*v", "-n", "s = stop_gradient(a)", "-n", "J = s*x")
    assert "nothing flows back through the stop_gradient in s" in command("run", *network, "--steps")
    told = command("explain", *network, "v")
    assert "is stopped in s: stop_gradient takes a value" in told
    assert "whatever v is" not in told
    assert "is stopped in s, so it is 0" in command("derive", *network, "v")
    assert "held as it is, in s" in command("nudge", *network, "v")


def test_a_formula_of_it_can_be_derived_and_typed_back(command):
    found = json.loads(command("derive", "-p", "x=2.3", "-n", "J = x**2 * stop_gradient(x)", "x", "--format", "json"))
    (found,) = found["gradients"][0]["formulas"]
    assert found["value"] == pytest.approx(2 * 2.3**2)
    assert load({"x": 2.3}, J=found["formula"]).run().value("J") == pytest.approx(2 * 2.3**2)


def test_no_place_in_a_function_whose_gradient_is_given():
    for gradient in ("1", "upstream"):
        with pytest.raises(bp.BackpropError, match="has no place in a function whose gradient is given"):
            load({"x": 2.3}, {"g(z)": {"value": "stop_gradient(z)", "gradient": {"z": gradient}}}, J="g(x)")
