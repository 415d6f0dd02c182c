import numpy as np
from PIL import Image

from echo_agent.images.ignored import Ignored
from echo_agent.report.regions_picture import with_regions

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def test_what_is_ignored_is_darker_and_the_rest_is_as_it_was():
    plain = Image.new("RGB", (200, 100), (150, 150, 150))
    drawn = np.asarray(with_regions(plain, Ignored(regions=(LEFT,))))
    assert np.median(drawn[:, :95]) < 100
    assert (drawn[:, 110:] == 150).all()


def test_a_region_that_is_being_drawn_shows_its_corners():
    plain = Image.new("RGB", (200, 100))
    drawn = np.asarray(with_regions(plain, Ignored(), ((0.5, 0.5), (0.9, 0.5))))
    assert (drawn[49:51, 105:170].max(axis=(0, 2)) > 200).all()
    assert drawn[:30].max() == 0
