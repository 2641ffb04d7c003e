"""Sources whose instances are elsewhere: remote application entities and DICOMweb servers, one or many at once."""
