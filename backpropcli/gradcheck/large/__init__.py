"""Many components at once: changes followed only where they reach, slopes carried back, samples, directions."""
