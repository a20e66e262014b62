"""The mistakes that people make with gradients: one table, for those who look for them and those who make them."""
