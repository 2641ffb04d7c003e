import pickle

from dicomcore.rendering import Annotation, RenderingOptions, Viewport, Window


def test_the_same_wishes_are_equal_and_find_what_was_made_for_them() -> None:
    one = RenderingOptions(window=Window(40, 400), annotations=frozenset(Annotation), viewport=Viewport(10, None))
    other = RenderingOptions(window=Window(40.0, 400.0), annotations=frozenset(Annotation), viewport=Viewport(10))
    assert {one: "made"}[other] == "made"
    assert one != RenderingOptions(window=Window(40, 401))


def test_wishes_travel_to_other_processes() -> None:
    wishes = RenderingOptions("image/png", quality=3, is_anonymous=True, is_still=True)
    assert pickle.loads(pickle.dumps(wishes)) == wishes
