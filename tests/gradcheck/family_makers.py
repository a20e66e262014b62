"""The families: recurrences, windows, norms, attention, blocks, each drawn at random by a seed."""

from __future__ import annotations

from collections.abc import Callable

from families import SMOOTH, Maker, Net

GATES = "sigmoid"


def rnn(m: Maker) -> Net:
    m.data("x", m.times, m.rows, m.width)
    m.weights(Wx=(m.width, m.width), Wh=(m.width, m.width), b=(m.width,), h0=(m.rows, m.width))
    m.add("h[0]: h0", "z[t]: x[t] @ Wx + h[t-1] @ Wh + b")
    m.whole("m[t]", "z[t]", m.width)
    m.activation("f", "h[t]", "m[t]")
    return m.net("rnn", m.r.choice(["h[-1]", "h[1:]", "h"]))


def rnn_product(m: Maker) -> Net:
    """The product with the state before is the rule derived by hand."""
    m.data("x", m.rows, m.times, m.width)
    m.weights(b=(m.width,), h0=(m.rows, m.width))
    m.add("h[0]: h0")
    m.whole("p[t]", "h[t-1]", m.width, "affine", "shift")
    m.add("z[t]: p[t] + x[:, t] + b")
    m.activation("f", "h[t]", "z[t]")
    return m.net("rnn with a product by hand", m.r.choice(["h[-1]", "h[1:]"]))


def lstm(m: Maker) -> Net:
    n = m.width
    m.data("x", m.times, m.rows, 2)
    m.weights(Wx=(2, 4 * n), Wh=(n, 4 * n), b=(4 * n,))
    m.add(f"h[0]: zeros(({m.rows}, {n}))", "c[0]: 0", "z[t]: x[t] @ Wx + h[t-1] @ Wh + b")
    for k, gate in enumerate("ifog"):
        m.add(f"z{gate}[t]: z[t, :, {k * n}:{k * n + n}]")
        m.activation("s" if gate != "g" else "th", f"{gate}[t]", f"z{gate}[t]", GATES if gate != "g" else "tanh")
    m.add("c[t]: f[t]*c[t-1] + i[t]*g[t]")
    m.activation("th", "k[t]", "c[t]", "tanh")
    m.add("h[t]: o[t]*k[t]")
    return m.net("lstm", m.r.choice(["h[-1]", "h[1:]", "c[1:]"]))


def gru(m: Maker) -> Net:
    n = m.width
    m.data("x", m.times, m.rows, 2)
    m.weights(Wr=(2, n), Ur=(n, n), Wz=(2, n), Uz=(n, n), Wn=(2, n), Un=(n, n), bn=(n,))
    m.add(f"h[0]: zeros(({m.rows}, {n}))")
    for gate in "rz":
        m.add(f"a{gate}[t]: x[t] @ W{gate} + h[t-1] @ U{gate}")
        m.activation("s", f"{gate}[t]", f"a{gate}[t]", GATES)
    m.add("an[t]: x[t] @ Wn + r[t]*(h[t-1] @ Un + bn)")
    m.activation("th", "n[t]", "an[t]", "tanh", "softplus")
    m.add("h[t]: (1 - z[t])*n[t] + z[t]*h[t-1]")
    return m.net("gru", m.r.choice(["h[-1]", "h[1:]"]))


def scalars(m: Maker) -> Net:
    """Plain numbers, two rows back, the time itself."""
    m.data("x", m.times + 2)
    m.weights(w=(), a=(), b=(), p=())
    m.add("h[0]: p", "h[1]: 0.5", "z[t]: w*x[t-1] + a*h[t-1] - b*h[t-2] + t/10")
    m.activation("f", "h[t]", "z[t]")
    return m.net("scalars, two rows back", "h", rank=1)


def backward(m: Maker) -> Net:
    """Backwards in time."""
    m.data("x", m.times, m.rows, m.width)
    m.weights(W=(m.width, m.width), U=(m.width, m.width), r0=(m.rows, m.width))
    m.add("r[N]: r0", "z[n]: x[n] @ W + r[n+1] @ U")
    m.activation("f", "r[n]", "z[n]")
    return m.net("backwards in time", m.r.choice(["r[0]", "r"]))


def bidirectional(m: Maker) -> Net:
    m.data("x", m.times, m.width)
    m.weights(W=(m.width, m.width), U=(m.width, m.width), V=(m.width, m.width))
    m.add(f"h[-1]: zeros({m.width})", "z[t]: x[t] @ W + h[t-1] @ U")
    m.activation("f", "h[t]", "z[t]")
    m.add(f"r[N]: zeros({m.width})", "q[n]: x[n] @ V + r[n+1] @ U")
    m.activation("f", "r[n]", "q[n]")
    m.add("s[k]: h[k]*r[k]")
    return m.net("both ways in time", "s")


def conv1d(m: Maker) -> Net:
    groups = m.r.choice([1, 2])
    stride, padding, dilation = m.r.choice([1, 2]), m.r.choice([0, 1, 2]), m.r.choice([1, 2])
    m.data("x", m.rows, 2, 7)
    m.weights(K=(4, 2 // groups, 3), b=(4,))
    m.add(f"z: conv1d(x, K, b, stride={stride}, padding={padding}, dilation={dilation}, groups={groups})")
    m.activation("f", "a", "z")
    pool = m.r.choice(["max_pool1d(a, 2)", "avg_pool1d(a, 2)", "a", "adaptive_avg_pool1d(a, 2)"])
    m.add(f"p: {pool}", f"v: p.reshape({m.rows}, -1)[:, :5]")
    m.whole("u", "v", 5, "soft", "normed")
    return m.net("conv1d", "u")


def conv2d(m: Maker) -> Net:
    """A rule before the windows, and one behind them."""
    stride, padding, dilation = m.r.choice([1, 2]), m.r.choice([0, 1]), m.r.choice([1, 1, 2])
    m.data("x", m.rows, 2, 6, 8)
    m.weights(s=(2, 1, 1), K=(3, 2, 2, 3), b=(3,))
    m.add("y: x*s + s")
    m.activation("g", "e", "y", *SMOOTH)
    m.add(f"z: conv2d(e, K, b, stride={stride}, padding={padding}, dilation={dilation})")
    m.activation("f", "a", "z")
    m.add(f"p: {m.r.choice(['max_pool2d(a, 2)', 'avg_pool2d(a, 2)', 'max_pool2d(a, 2, stride=1)', 'a'])}")
    return m.net("conv2d", "p")


def deep_conv(m: Maker) -> Net:
    m.data("x", 1, 1, 6, 6)
    m.weights(K=(2, 1, 3, 3), L=(2, 2, 2, 2), T=(2, 2, 2, 2))
    m.add("z: conv2d(pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode='reflect'), K)")
    m.activation("f", "a", "z")
    m.add("p: max_pool2d(a, 2)", f"q: {m.r.choice(['conv2d(p, L)', 'conv_transpose2d(p, T, stride=2)'])}")
    m.activation("g", "c", "q")
    return m.net("two convolutions", "c")


def windows(m: Maker) -> Net:
    """Windows as NumPy has them."""
    m.data("x", 8)
    m.weights(k=(3,), c=())
    m.add("y: x + c")
    m.activation("g", "e", "y")
    m.add(
        f"z: sliding_window_view({m.r.choice(['e', 'pad(e, 1)', 'pad(e, 2, mode=wrap)'])}, 3) @ k".replace(
            "=wrap", "='wrap'"
        )
    )
    m.activation("f", "a", "z")
    return m.net("windows of NumPy's", "a", rank=1)


def conv_in_time(m: Maker) -> Net:
    """A window inside a recurrence."""
    m.data("x", m.times, 1, 2, 5)
    m.weights(K=(2, 2, 3), h0=(1, 2, 5))
    m.add("h[0]: h0", "z[t]: conv1d(h[t-1], K, padding=1) + x[t]")
    m.activation("f", "h[t]", "z[t]")
    return m.net("a window in a recurrence", m.r.choice(["h[-1]", "max_pool1d(h[-1], 2)"]))


def embedding(m: Maker) -> Net:
    """Labels that choose rows, some twice."""
    ids = [m.r.randrange(4) for _ in range(m.times + 1)]
    m.inputs.append(f"ids: {ids}")
    m.weights(E=(4, m.width), U=(m.width, m.width))
    m.add(f"h[0]: zeros((1, {m.width}))", "e: embedding(ids, E)")
    m.add("z[t]: e[t] + h[t-1] @ U")
    m.whole("m[t]", "z[t]", m.width)
    m.activation("f", "h[t]", "m[t]")
    return m.net("embedding", "h[1:]")


def norms(m: Maker) -> Net:
    m.data("x", m.rows + 1, 4)
    m.weights(W=(4, 4), w=(4,), b=(4,))
    m.add("z: x @ W")
    m.activation("g", "e", "z", *SMOOTH)
    norm = m.r.choice(
        [
            "layer_norm(e, (4,), w, b)",
            "layer_norm(e)",
            "batch_norm(e, None, None, w, b, training=True)",
            "rms_norm(e, (4,), w)",
            "normalize(e)",
            "group_norm(e, 2, w, b)",
        ]
    )
    m.add(f"n: {norm}")
    m.whole("u", "n", 4)
    m.activation("f", "a", "u")
    return m.net("norms", "a")


def attention(m: Maker) -> Net:
    m.data("x", 2, 3, 4)
    m.weights(Wq=(4, 4), Wk=(4, 4), Wv=(4, 4))
    m.add("y: x @ Wv")
    m.activation("g", "v", "y", *SMOOTH)
    options = m.r.choice(["", ", heads=2", ", causal=True", ", heads=2, causal=True", ", mask=mask"])
    if "mask" in options:
        m.inputs.append("mask: [[1, 0, 1], [1, 1, 0], [0, 1, 1]]")
    m.add(f"n: attention(x @ Wq, x @ Wk, v{options}) + x", "q: n.reshape(6, 4)")
    m.whole("u", "q", 4)
    m.activation("f", "a", "u")
    return m.net("attention", "a")


def residual(m: Maker) -> Net:
    m.data("x", m.rows, m.width)
    m.weights(W=(m.width, m.width), V=(m.width, m.width))
    m.add("z: x @ W")
    m.activation("f", "a", "z")
    m.add(f"d: dropout(a, 0.4, seed={m.r.randrange(9)})", "y: x + d @ V")
    m.whole("u", "y", m.width)
    m.add("z2: u @ W")
    m.activation("f", "a2", "z2")
    m.add("h: u + a2 @ V")
    return m.net("residual blocks with dropout", "h")


FAMILIES: tuple[Callable[[Maker], Net], ...] = (
    rnn,
    rnn_product,
    lstm,
    gru,
    scalars,
    backward,
    bidirectional,
    conv1d,
    conv2d,
    deep_conv,
    windows,
    conv_in_time,
    embedding,
    norms,
    attention,
    residual,
)


def drawn(seed: int) -> Net:
    """A network of the families in turn."""
    return FAMILIES[seed % len(FAMILIES)](Maker(seed))
