"""Operations on numbers, one at a time."""
