"""The measured claims of README and docs, each re-runnable by one command.

Bottom up: ``part10`` writes DICOM files, ``headers`` says what is in them, ``corpus`` makes and keeps the set that
everything is measured on; ``client`` speaks HTTP with as little work as possible, ``servers`` starts Orthanc and
Isocenter; ``scenarios`` says what is asked and what the right answer is; ``run`` compares, ``scale`` and ``memory``
look at Isocenter alone. ``docs/performance.md`` tells how to read the figures.
"""
