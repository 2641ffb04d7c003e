"""Waveforms: electrocardiograms and every other curve over time, read and drawn (PS3.3 §C.10.8 to §C.10.10).

- `reading` reads an instance into a `waveform`: groups of channels in units, by `samples`
- `ecg`, with `leads`, lays electrocardiograms out on millimetre paper; `strips` lays out everything else; `heading`
  writes head and foot, `traces` makes curves of values
- `drawing` is what pages are made of, in millimetres; `svg`, `raster` and `pdf` draw them
- `rendered` knows which forms an instance has, and makes them
"""

from dicomcore.waveforms.reading import read_waveform
from dicomcore.waveforms.rendered import rendered_waveform, waveform_media_types, waveform_pages
from dicomcore.waveforms.waveform import Channel, MultiplexGroup, Waveform, WaveformAnnotation

__all__ = [
    "Channel",
    "MultiplexGroup",
    "Waveform",
    "WaveformAnnotation",
    "read_waveform",
    "rendered_waveform",
    "waveform_media_types",
    "waveform_pages",
]
