"""The network of DICOM: upper layer (PS3.8), messages (PS3.7), and the asyncio driver of both."""
