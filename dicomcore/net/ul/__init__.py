"""The DICOM Upper Layer protocol for TCP/IP (PS3.8), without input or output."""
