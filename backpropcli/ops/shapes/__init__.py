"""Operations that copy entries: into other shapes and orders, joined, repeated, picked."""
