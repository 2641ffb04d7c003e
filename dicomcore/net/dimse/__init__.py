"""DICOM messages (PS3.7), without input or output."""
