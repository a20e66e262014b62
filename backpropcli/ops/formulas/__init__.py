"""Named formulas: operations that are formulas of other operations, a file for each idea."""
