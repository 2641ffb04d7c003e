"""The DICOM Upper Layer protocol for TCP/IP (PS3.8), without input or output: bytes in, indications out, and back.

The map, from the ground up:

- `items`: items and sub-items of A-ASSOCIATE PDUs, as values; `pdu`: the PDUs themselves, and why to reject or abort
- `indications`: what the service user is told
- `data_transfer`: the data in P-DATA-TF PDUs, which is never collected
- `state`: PS3.8 Tables 9-6 to 9-10
- `pdu_reader`: bytes into PDUs, however they are cut
- `negotiation`: what to propose, what to answer, what was agreed on
- `association`: all of it together, for whoever drives a transport connection
"""
