"""Operations that make one number of many, or let entries along an axis depend on one another."""
