"""A network at one point: its components, the loss nearby, its corners, and directions over those that share one."""
