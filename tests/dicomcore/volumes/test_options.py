from dicomcore.volumes import VolumeOptions


def test_an_input_reference_takes_an_instance_or_a_frame_number() -> None:
    options = VolumeOptions(references=("1.2.3", "7"))
    assert options.takes("1.2.3", 1)
    assert options.takes("9.9", 7)
    assert not options.takes("9.9", 1)


def test_without_input_references_everything_is_taken() -> None:
    assert VolumeOptions().takes("1.2.3", 5)


def test_a_swivel_and_a_curve_are_animations() -> None:
    assert VolumeOptions(swivel_range=90).is_animated
    assert VolumeOptions(curve=((0, 0, 0), (0, 0, 9))).is_animated
    assert not VolumeOptions(step_size=5).is_animated
