"""Tests of the Home Assistant layer, through its public surface."""
