"""Compression codecs: the only place that knows the libraries they come from.

Each family of transfer syntaxes is a module of two kinds of functions:

    decode_x(frame, form) -> Decoded               raises ValueError for a frame that is broken
    encode_x(decoded, form, encoding) -> bytes     raises ValueError for an image that the codestream cannot hold

`dicomcore.pixels.registry` says which of them a transfer syntax has.
"""

from dicomcore.pixels.codecs.packbits import decode_packbits

__all__ = ["decode_packbits"]
