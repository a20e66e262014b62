"""The number, not only the rule: whether float64 kept the digits, where they go, and what would keep them."""
