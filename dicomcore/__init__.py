"""DICOM, and nothing that knows HTTP: data sets, pixels, storage, index, and the archive made of them."""
