"""The section `train:`: optimisers and schedules as formulas, and the settings of a training."""
