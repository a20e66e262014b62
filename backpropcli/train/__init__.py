"""Training: optimisers move the parameters along the gradients that the engine computes, update by update."""
