import numpy as np
import pytest

from dicomcore.rendering import Window
from dicomcore.volumes.transfer import TransferFunction, ct_transfer, window_transfer


def opacity(transfer: TransferFunction, value: float) -> float:
    return float(transfer.colors[transfer.positions(np.array([value]))[0], 3])


def test_air_is_not_seen_and_bone_more_than_soft_tissue() -> None:
    transfer = ct_transfer(1.0)
    opacities = [opacity(transfer, value) for value in (-1000, -200, 40, 200, 1000)]
    assert opacities[:2] == [0, 0]
    assert opacities == sorted(opacities)
    assert opacities[-1] > 0.6


def test_opacity_does_not_depend_on_how_far_samples_are_apart() -> None:
    near, far = ct_transfer(0.5), ct_transfer(2.0)
    assert 1 - (1 - opacity(near, 300)) ** 4 == pytest.approx(opacity(far, 300), abs=1e-3)


def test_colours_are_multiplied_by_their_opacity() -> None:
    colors = ct_transfer(1.0).colors
    assert (colors[:, :3] <= colors[:, 3:] + 1e-6).all()


def test_a_window_is_a_ramp_from_nothing_at_its_lower_end() -> None:
    transfer = window_transfer(Window(100, 50), 1.0)
    assert (transfer.lowest, transfer.highest) == (75, 125)
    assert opacity(transfer, 75) == 0
    assert opacity(transfer, -1e30) == 0
    assert opacity(transfer, 1e30) == opacity(transfer, 125) > opacity(transfer, 100) > 0


@pytest.mark.parametrize(
    "window",
    [Window(1e99, 1e99), Window(0, 1e99), Window(-1e99, 1), Window(1e30, 1), Window(1e15, 1), Window(0, 1e-99)],
)
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_every_window_gives_every_value_a_place_in_the_table(window: Window, dtype: type) -> None:
    transfer = window_transfer(window, 1.0)
    limits = np.iinfo(np.int16) if dtype is np.int16 else np.finfo(np.float32)
    positions = transfer.positions(np.array([limits.min, -1, 0, 1, limits.max], dtype))
    assert positions.min() >= 0
    assert positions.max() < len(transfer.colors)
    assert (np.diff(positions) >= 0).all()
    assert np.isfinite(transfer.colors).all()
    assert 0 < transfer.edge < np.inf


def test_what_is_no_number_is_not_seen() -> None:
    assert opacity(window_transfer(Window(100, 50), 1.0), np.nan) == 0
