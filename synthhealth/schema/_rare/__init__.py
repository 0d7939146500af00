"""Levels that a few patients alone have: pooled or left out before anything is learned."""
