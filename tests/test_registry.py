from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from filebridge import registry
from filebridge.errors import ConfigError


@pytest.fixture
def plugins(monkeypatch):
    """Make these the installed plug-ins, name and value each, for every kind."""

    def install(**entries):
        found = [EntryPoint(name.rstrip("_"), value, "filebridge.x") for name, value in entries.items()]
        monkeypatch.setattr(registry, "entry_points", lambda group: found)
        registry._table.cache_clear()
        registry.load.cache_clear()

    yield install
    monkeypatch.undo()
    registry._table.cache_clear()
    registry.load.cache_clear()


@pytest.mark.parametrize("name", sorted(registry.TRANSPORTS))
def test_every_transport_of_ours_can_be_imported(name):
    assert callable(registry.load("transports", name))


@pytest.mark.parametrize("name", sorted(registry.FORMATS))
def test_every_format_of_ours_can_be_imported(name):
    assert callable(registry.load("formats", name))


def test_unknown_name_lists_the_known_ones_and_the_nearest(plugins, monkeypatch):
    monkeypatch.setitem(registry._KINDS, "transports", {"pipes": "a:b", "pty": "c:d"})
    plugins()
    with pytest.raises(ConfigError) as caught:
        registry.load("transports", "pipe")
    assert str(caught.value) == (
        "there is no transport 'pipe'\n  found: known transports: pipes, pty\n  cure: did you mean pipes?"
    )
    with pytest.raises(ConfigError, match="use one of these, or install the package that offers it"):
        registry.load("transports", "pigeon")


def test_a_plugin_adds_a_name_and_is_imported_when_first_used(plugins):
    plugins(fraction="fractions:Fraction", absent="no_such_module:Thing")
    assert "fraction" in registry.names("transports")
    assert registry.load("transports", "fraction")(1, 2) * 2 == 1


def test_a_plugin_does_not_take_a_name_of_ours(plugins):
    plugins(pipes="fractions:Fraction")
    assert registry.load("transports", "pipes").__name__ == "PipeTransport"


def test_two_plugins_of_one_name_are_refused(plugins):
    plugins(twin="fractions:Fraction", twin_="decimal:Decimal")
    with pytest.raises(ConfigError, match="two plug-ins offer the format twin"):
        registry.names("formats")


@pytest.mark.parametrize("value", ["no_such_module:Thing", "fractions:Nothing"])
def test_a_plugin_that_cannot_be_imported_is_named(plugins, value):
    plugins(broken=value)
    with pytest.raises(ConfigError, match=f"the transport broken cannot be imported from {value}"):
        registry.load("transports", "broken")
