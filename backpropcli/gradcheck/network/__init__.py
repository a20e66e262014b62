"""The check of a network by itself: every component judged, the culprit found, further points, other oracles."""
