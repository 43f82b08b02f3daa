"""Learned policies: the rules as tensors, networks, decoding, and weights."""
