"""Compression codecs: the only place that knows the libraries they come from."""

from dicomcore.pixels.codecs.packbits import decode_packbits

__all__ = ["decode_packbits"]
