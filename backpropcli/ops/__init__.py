"""The operation table (`ops.table`), the definitions that it gathers, and the number systems that run them."""
