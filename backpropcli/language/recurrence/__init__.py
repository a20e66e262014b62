"""Recurrences in the textbook's own subscripts: `h[0]: h0` and `h[t]: tanh(x[t] @ Wx + h[t-1] @ Wh + b)`."""
