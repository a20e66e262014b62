"""The two passes over a graph, forward and backward, as plain loops; and a loop of them through time."""
