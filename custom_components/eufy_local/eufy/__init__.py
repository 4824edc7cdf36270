"""A local client for eufy cameras and HomeBases; knows nothing of Home Assistant."""
