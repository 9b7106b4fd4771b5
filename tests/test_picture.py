import subprocess
import sys
import timeit

import gymnasium
import numpy
import pytest
from gymnasium.wrappers import RecordVideo
from hypothesis import given
from hypothesis import strategies as st
from imageio_ffmpeg import get_ffmpeg_exe

import filebridge.picture
from filebridge.errors import UsageError
from filebridge.picture import picture, strokes
from filebridge.wire.screens.screen import Screen

DARK = (18, 18, 24)


def cell(image, row, column):
    """Return the pixels of a cell, counted from 1, as true where they are light."""
    pixels = image[12 * row - 12 : 12 * row, 6 * column - 6 : 6 * column]
    return pixels.sum(axis=2) > 300


def test_a_picture_has_the_size_of_the_screen():
    image = picture("ab\nc")
    assert (image.shape, image.dtype) == ((288, 480, 3), numpy.uint8)
    assert picture("x" * 99 + "\n" * 99, 20, 5).shape == (60, 120, 3)


def test_it_is_dark_where_nothing_stands():
    image = picture("a", 3, 2)
    assert cell(image, 1, 1).any()
    assert set(map(tuple, image[:, 6:].reshape(-1, 3).tolist())) == {DARK}


def test_each_character_has_its_own_shape():
    image = picture("@+*@", 4, 1)
    first, second, third, fourth = (cell(image, 1, column) for column in (1, 2, 3, 4))
    assert (first == fourth).all()
    assert not (first == second).all()
    assert not (second == third).all()


def test_box_drawing_joins():
    image = picture("┌─┐\n│ │\n└─┘", 3, 3)
    assert cell(image, 1, 2)[6].all()
    assert cell(image, 2, 1)[:, 3].all()
    assert cell(image, 1, 1)[6].tolist() == [False, False, False, True, True, True]
    assert cell(image, 3, 3)[:, 3].tolist() == [True] * 7 + [False] * 5
    assert not cell(image, 2, 2).any()


def test_strokes_of_box_drawing():
    assert strokes("┬") == {"left", "right", "down"}
    assert strokes("╼") == {"left", "right"}
    assert strokes("╰") == {"up", "right"}
    assert strokes("╳") == strokes("x") == strokes("→") == strokes("\x00") == frozenset()


def test_characters_that_cannot_be_drawn_are_question_marks():
    image = picture("?😀✓é█\x07", 6, 1)
    assert (cell(image, 1, 1) == cell(image, 1, 2)).all()
    assert (cell(image, 1, 1) == cell(image, 1, 3)).all()
    assert not (cell(image, 1, 1) == cell(image, 1, 4)).all()
    assert cell(image, 1, 5).all()
    assert not cell(image, 1, 6).any()


def test_the_last_lines_are_drawn():
    assert (picture("a\nb\nc\n", 2, 2) == picture("b\nc", 2, 2)).all()
    assert (picture("a\tb", 12, 1) == picture("a       b", 12, 1)).all()


def test_the_cursor_of_a_snapshot_is_shown():
    screen = Screen(8, 2)
    image = picture(screen.clean(b"ab\r\ncd\x1b[1;2H").decode(), 8, 2)
    plain = picture("ab\ncd", 8, 2)
    assert (cell(image, 1, 2) == ~cell(plain, 1, 2)).all()
    image[:12, 6:12] = plain[:12, 6:12]
    assert (image == plain).all()


@pytest.mark.parametrize("place", ["0;1", "1;0", "3;1", "1;9", "99999;99999"])
def test_a_cursor_beyond_the_picture_is_not_shown(place):
    assert (picture(f"ab\ncd\n\x1b[{place}H", 8, 2) == picture("ab\ncd", 8, 2)).all()


def test_pictures_share_nothing():
    first = picture("a", 2, 1)
    first[:] = 0
    assert picture("a", 2, 1).any()


@given(st.text(max_size=60), st.integers(1, 12), st.integers(1, 4))
def test_every_text_can_be_drawn(text, columns, rows):
    assert picture(text, columns, rows).shape == (12 * rows, 6 * columns, 3)


def test_a_frame_is_quick():
    text = "\n".join(["x" * 80] * 24) + "\n\x1b[3;4H"
    assert min(timeit.repeat(lambda: picture(text), number=10, repeat=5)) < 10 * 0.005


def test_pillow_is_imported_when_first_used():
    code = "import sys, filebridge.picture; sys.exit('PIL' in sys.modules or 'pyte' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_pillow_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setattr(filebridge.picture, "_tiles", filebridge.picture._tiles.__wrapped__)
    with pytest.raises(UsageError) as caught:
        picture("a")
    assert caught.value.what == "a picture needs Pillow, which is not installed"
    assert caught.value.cure == "pip install 'filebridge[picture]', or take `render_mode=\"ansi\"`"


class Walk(gymnasium.Env):
    """A player who walks over a screen."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012
    render_mode = "rgb_array"
    observation_space = action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.screen = Screen(40, 12)
        return 0, {}

    def step(self, action):
        self.screen.clean(b"\b @")
        return 0, 0.0, False, False, {}

    def render(self):
        return picture(self.screen.snapshot().decode(), 40, 12)


def frames(video):
    """Return the pictures of a video of Walk."""
    command = [get_ffmpeg_exe(), "-v", "error", "-i", str(video), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    decoded = subprocess.run(command, check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout
    return numpy.frombuffer(decoded, numpy.uint8).reshape(-1, 144, 240, 3)


def test_a_video_is_recorded(tmp_path):
    env = RecordVideo(Walk(), str(tmp_path / "videos"), disable_logger=True)
    env.reset(seed=0)
    for _ in range(10):
        env.step(0)
    env.close()
    (video,) = tmp_path.glob("videos/*.mp4")
    images = frames(video)
    assert len(images) >= 10
    for step, image in enumerate(images[1:], 2):
        assert cell(image, 1, step).any()
        assert not cell(image, 1, step - 1).any()
