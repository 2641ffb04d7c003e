"""The archive as FHIR, in R4 (4.0.1) and R5 (5.0.0): ImagingStudy and Endpoint, read and searched.

- ``version``: which version is asked for, and the media types
- ``dicom_values``: what is read from data sets in the DICOM JSON model
- ``moments``: dates and times of FHIR, their prefixes, and what they are in DICOM
- ``terms``: codes of DICOM and their systems in FHIR
- ``imaging_study``, ``endpoint``, ``capability_statement``, ``operation_outcome``, ``bundle``: one resource each
- ``search_parameters``: a search as it was sent -> what is asked of the index
- ``endpoint_search``: a search for endpoints
- ``search_values``, ``criteria``: values of parameters, and what they mean for the index
- ``studies``: the searches of a `Source` that answer it
- ``subset``: ``_summary`` and ``_elements``
"""
