"""Hostile codestreams: whatever a frame holds, the process that decodes it has limits, and the next frame decodes."""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator
from contextlib import suppress

import imagecodecs
import pytest
from hostile_codestreams import VICTIMS, HostileFrame, Victim
from images import smooth

from dicomcore.errors import CorruptFrame, DicomError, LimitExceeded, WorkerFailed
from dicomcore.pixels import Encoding, convert_frame, decode_pixels, native_bytes
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN
from dicomcore.workers import Workers

AT_LEAST = 200
CPU_SECONDS, MEMORY = 20, 448 << 20  # with what a process has at its start, less than 512 MB
STARTED = 64 << 20  # the memory of a process that has just started
LOSSLESS = [name for name, victim in VICTIMS.items() if victim.encoding.lossless]
IN_THREADS = ["RLE", "deflate"]
REFUSALS = (CorruptFrame, LimitExceeded, WorkerFailed)


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    processes = Workers(1, cpu_seconds=CPU_SECONDS, memory_bytes=MEMORY, modules=("dicomcore.pixels",))
    yield processes
    await processes.close()


async def native(workers: Workers, victim: Victim, hostile: HostileFrame) -> bytes:
    """Decode a frame as the server does."""
    uid = victim.transfer_syntax_uid
    cells, _ = await workers.run(
        convert_frame, hostile.frame, hostile.form, uid, EXPLICIT_VR_LITTLE_ENDIAN, 1, Encoding()
    )
    return cells


def processor_seconds() -> float:
    """What processes that have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
@pytest.mark.parametrize("name", VICTIMS)
async def test_no_hostile_frame_does_harm(workers: Workers, name: str) -> None:
    victim = VICTIMS[name]
    good = victim.good_frames()
    expected = [await native(workers, victim, one) for one in good]
    before, tried = processor_seconds(), 0
    for hostile in victim.hostile_frames():
        failures = workers.failures
        try:
            cells = await native(workers, victim, hostile)
        except REFUSALS:
            pass
        else:
            assert len(cells) == hostile.form.image.length, hostile.name
        if workers.failures > failures or tried % 20 == 0:
            number = tried % len(good)
            assert await native(workers, victim, good[number]) == expected[number], f"after {hostile.name}"
        tried += 1
    assert tried >= AT_LEAST
    await workers.close()
    # One may take 20 seconds; that hundreds together hardly do is because most are refused by their headers.
    assert processor_seconds() - before < 3 * CPU_SECONDS


@pytest.mark.parametrize("name", LOSSLESS)
async def test_good_frames_are_what_they_were(workers: Workers, name: str) -> None:
    victim = VICTIMS[name]
    for one in victim.good_frames():
        cells = native_bytes(smooth(one.form), one.form)
        assert await native(workers, victim, one) == bytes(cells)


@pytest.mark.parametrize("name", IN_THREADS)
def test_what_needs_no_library_is_harmless_in_the_server_itself(name: str) -> None:
    victim = VICTIMS[name]
    for hostile in victim.hostile_frames():
        try:
            convert_frame(
                hostile.frame, hostile.form, victim.transfer_syntax_uid, EXPLICIT_VR_LITTLE_ENDIAN, 1, Encoding()
            )
        except DicomError as error:
            assert isinstance(error, REFUSALS), hostile.name


@pytest.mark.parametrize("name", VICTIMS)
def test_no_picture_is_made_of_the_first_part_of_a_frame(name: str) -> None:
    victim = VICTIMS[name]
    for good in victim.good_frames():
        for length in range(0, len(good.frame) - 4, 97):
            with pytest.raises(CorruptFrame):
                decode_pixels(good.frame[:length], good.form, victim.transfer_syntax_uid)


def crash() -> bytes:
    """A codestream that crashes OpenJPH 0.26: precincts of one sample, which our own check would not let through."""
    good = VICTIMS["HTJ2K"].good_frames()[0].frame
    coding = good.index(b"\xff\x52")
    levels = good[coding + 9]
    style = b"\xff\x52" + (13 + levels).to_bytes(2, "big") + b"\1" + good[coding + 5 : coding + 14]
    return good[:coding] + style + bytes(levels + 1) + good[coding + 14 :]


async def test_a_library_that_crashes_takes_only_its_process_with_it(workers: Workers) -> None:
    victim = VICTIMS["HTJ2K"]
    (good, *_) = victim.good_frames()
    with pytest.raises(WorkerFailed):
        await workers.run(imagecodecs.htj2k_decode, crash())
    assert len(await native(workers, victim, good)) == good.form.image.length


async def test_that_codestream_is_refused_before_it_comes_to_the_library(workers: Workers) -> None:
    victim = VICTIMS["HTJ2K"]
    with pytest.raises(CorruptFrame):
        await native(workers, victim, HostileFrame("crash", crash(), victim.forms[0]))
    assert workers.failures == 0


async def test_processes_stay_within_their_memory(workers: Workers) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    victim = VICTIMS["JPEG 2000"]
    large = [one for one in victim.hostile_frames() if one.name.startswith("large") and "believed" in one.name]
    for hostile in large:
        with suppress(*REFUSALS):
            await native(workers, victim, hostile)
    await workers.close()
    allowed = (MEMORY + STARTED) // 1024
    assert len(large) > 5
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(before, allowed)
