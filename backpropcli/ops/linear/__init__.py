"""Linear algebra: products of vectors and matrices, and what is built from them."""
