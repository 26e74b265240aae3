import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.plots.matplotlib.render import render
from api.plots.themes import THEMES
from tests.unit.api.plots.figures import LIGHT, all_figures, described
from tests.unit.documents import bounds


@pytest.mark.parametrize("name", all_figures())
def test_an_svg_is_xml_with_title_description_and_words(name: str) -> None:
    figure = all_figures()[name]
    root = ET.fromstring(render(figure, THEMES["dark"], 900, 560, "svg"))
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root[0].tag == f"{space}title"
    assert root[0].text == figure.title
    assert root[1].tag == f"{space}desc"
    words = " ".join(text.text or "" for text in root.iter(f"{space}text"))
    assert figure.title[:30] in words


def test_a_png_has_the_size_that_was_asked_for() -> None:
    picture = render(described(3, bounds()), LIGHT, 641, 403, "png")
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (641, 403)


def test_the_smallest_picture_is_drawn_however_much_there_is_to_say() -> None:
    many = [{"code": "noisy", "message": f"{n} " + "long words " * 30} for n in range(10)]
    assert render(described(3, bounds(warnings=many)), LIGHT, 320, 240, "png")


def test_the_same_picture_is_the_same_bytes_also_from_several_threads() -> None:
    figure = described(1, bounds())
    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(lambda _: render(figure, LIGHT, 500, 300, "svg"), range(3)))) == 1
