"""External gradients, computed by another program: names matched, each judged, the mistake placed and named."""
