"""DICOM messages (PS3.7), without input or output.

The map, from the ground up:

- `elements`: the elements of command sets, and how their values are written and read
- `composite` and `normalized`: the messages of the C- and of the N-services as values
- `commands`: command sets written and read; all messages come from here
- `messages`: messages put together from the fragments that an association receives
- `status`: what may be answered, in words, and how errors are told
"""
