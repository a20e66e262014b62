"""Operations on windows that slide along the last axes of an array: convolutions, pooling, patches."""
