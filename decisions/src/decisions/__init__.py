"""Canonical snapshots, hashes, the lot and the recompute command that both decisions share."""
