"""The web side of PS3.18: HTTP, and nothing that knows DICOM encoding."""
