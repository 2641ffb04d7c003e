"""The network of DICOM: upper layer (PS3.8), messages (PS3.7), and the asyncio driver of both.

The map, from the ground up:

- `ul` and `dimse`: the protocols, without input or output
- `tls`: the secure transport connection profiles of PS3.15
- `driver`: bytes between asyncio and an association; `watch`: a timer for what a peer owes us
- `streams`: the data set of a message while it arrives; `inbox`: messages that have arrived
- `proposal`: what a requestor says; `agreement`: what both sides have agreed on
- `connection`: an association for whoever speaks DIMSE; `listener`: those that others ask for
"""
