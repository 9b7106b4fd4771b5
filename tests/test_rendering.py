"""Templates see values and nothing else, end in bounded time, and say where they are wrong."""

import time
from pathlib import Path

import pytest

from filebridge.errors import ConfigError, ConfigSecurityError
from filebridge.rendering import check_template, compile_rendering, render


@pytest.fixture
def rendered():
    return lambda text, **values: render(text, "deck", values)


def test_line_ends_the_last_line_and_odd_bytes_stay(rendered):
    assert rendered("a\r\n{{ v }}\r\n", v=1) == b"a\r\n1\r\n"
    assert rendered("a\n{{ v }}\n\n", v=1) == b"a\n1\n\n"
    assert rendered("\udce9 {{ v }}", v="<&>") == b"\xe9 <&>"


def test_a_deck_is_written_with_loops_formats_and_padding(rendered):
    text = ("{% for v in cards %}{{ '%8.3f' | format(v) }}{{ loop.index }}\n{% endfor %}{{ name.rjust(6) }}{{ 2 ** 3 }}"
            "{% if name is defined %}{{ ', '.strip() }}{% endif %}{{ cards | join(' ') }}{{ '%5.1e' % cards[0] }}")
    assert rendered(text, cards=[1.5, 2], name="V1") == b"   1.5001\n   2.0002\n    V18,1.5 21.5e+00"


def test_an_unknown_name_is_told_with_its_line_and_the_nearest(rendered):
    with pytest.raises(ConfigError) as raised:
        rendered("a\n\n{{ altitud }}", altitude=1, fuel=2)
    assert str(raised.value) == ("deck:3: the template cannot be filled in\n"
                                 "  found: UndefinedError: 'altitud' is undefined\n"
                                 "  cure: did you mean altitude? known names: altitude, fuel")


@pytest.mark.parametrize(("text", "found"), [
    ("a\n{% for %}", "deck:2: this is no template"), ("{{ x | shout }}", "No filter named 'shout'"),
    ("{% include 'other' %}", "no loader"), ("\n{{ 1 / 0 }}", "deck:2: .*(\n.*)*division by zero"),
    ("{{ x.nothing }}", "has no attribute 'nothing'")])
def test_a_wrong_template_is_a_fault_of_the_config(rendered, text, found):
    with pytest.raises(ConfigError, match=found) as raised:
        rendered(text, x=1)
    assert type(raised.value) is ConfigError


BOMBS = [
    "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "{% for i in range(100000) %}{% for j in range(100000) %}" + 100 * "x" + "{% endfor %}{% endfor %}",
    "{{ 'x' * 10000000000 }}", "{{ 10000000000 * 'x' }}", "{{ [1] * 10000000000 }}", "{{ 10 ** 10000000000 }}",
    "{{ 'x'.ljust(10000000000) }}", "{{ '5'.zfill(10000000000) }}", "{{ '%10000000000d' % 1 }}",
    "{{ '%*d' % (2000000000, 1) }}",
    "{{ '%.1000000000f' | format(1.0) }}", "{{ '{:>10000000000}'.format(1) }}", "{{ range(1000000000) | list }}",
    "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
]


@pytest.mark.parametrize("text", BOMBS, ids=range(len(BOMBS)))
def test_a_template_without_end_is_stopped_soon(rendered, text):
    started = time.process_time()
    with pytest.raises(ConfigSecurityError, match="deck:1: the template cannot be filled in"):
        rendered(text)
    assert time.process_time() - started < 5


def test_sixteen_mebibytes_may_be_written_and_not_one_byte_more(rendered):
    assert len(rendered("{{ x }}", x="x" * (16 << 20))) == 16 << 20
    with pytest.raises(ConfigSecurityError, match="more than 16 MiB of text"):
        rendered("{{ x }}y", x="x" * (16 << 20))


@pytest.mark.parametrize("text", ["{{ ''.__class__.__mro__ }}", "{{ x.tofile('pwned') }}", "{{ x.__init__ }}",
                                  "{{ range.__globals__ }}", "{{ x['__class__'] }}", "{{ x | attr('__class__') }}"])
def test_nothing_but_values_can_be_reached(rendered, text, monkeypatch, tmp_path):
    class Values:
        def tofile(self, name):
            Path(name).write_text("pwned")

    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError):
        rendered(text, x=Values())
    assert not (tmp_path / "pwned").exists()


def test_the_budget_cannot_be_named_by_a_template(rendered):
    with pytest.raises(ConfigError):
        rendered("{{ (budget) }}")
    with pytest.raises(ConfigError):
        rendered("{{ self._TemplateReference__context.parent }}")


def test_names_are_checked_before_anything_is_started():
    text = "{{ a }}\n{% for i in b %}{{ i }}{{ range(2) }}{% endfor %}\n{% set d = c %}{{ d }}{{ b }}{{ known }}"
    assert check_template(text, ["known"]) == [("a", 1), ("b", 2), ("c", 3)]
    assert check_template("plain", []) == []
    with pytest.raises(ConfigError, match="template:2: this is no template"):
        check_template("a\n{{ }", [])


def test_a_template_tells_its_names_and_their_parts_with_lines():
    text = "{{ action.gain }}\n{{ action.trim.left }}{{ (a + 1).real }}{% set own = 1 %}{{ own.x }}\n{{ action.gain }}"
    rendering = compile_rendering(text, "deck")
    assert rendering.names == {"action": 1, "a": 2}
    assert {part: line for part, line in rendering.parts.items() if part} == {
        "action.gain": 1, "action.trim.left": 2, "action.trim": 2
    }


def test_another_encoding_is_written_where_it_is_asked_for():
    rendering = compile_rendering("temp\u00e9rature {{ v }}", "deck", "latin-1")
    assert rendering.render({"v": "\u00e8"}) == b"temp\xe9rature \xe8"
    with pytest.raises(ConfigError, match="deck:1: the template cannot be filled in"):
        compile_rendering("{{ v }}", "deck", "latin-1").render({"v": "\u03c9"})
