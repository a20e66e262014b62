"""Values of a network's data: numbers, lists, initialisers, and files of arrays."""
