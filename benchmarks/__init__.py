"""The measured claims of README and docs, each re-runnable by one command.

Bottom up: ``part10`` writes DICOM files, ``headers`` says what is in them, ``instance``, ``tiny`` and ``corpus`` make
and keep the set that everything is measured on; ``client`` speaks HTTP with as little work as possible, ``servers``
starts Orthanc and Isocenter, ``loading`` fills them; ``scenarios`` says what is asked and ``answers`` what is right;
``measure`` takes the time. ``run`` compares, ``scale`` and ``memory`` look at Isocenter alone.
``docs/performance.md`` tells how to read the figures.
"""
