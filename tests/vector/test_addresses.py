"""Several seats and one address: refused at once where each starts a program of its own, and one alone can have it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import UsageError
from filebridge.vector import BridgeVectorEnv

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent.parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)


def reached(transport, **simulator):
    """Return a configuration whose program is reached by ``transport``, and told of the port where that is free."""
    if "${port}" in str(transport):
        simulator["environment"] = {"PORT": "${port}"}
    made = fake.config(simulator=simulator, start=[{}], step=[{"send": "{action}"}])
    if "url" in transport.get("http", {}):
        made["start"], made["step"] = [{"request": {"get": "/"}}], [{"request": {"post": "/", "body": "{action}"}}]
    return {**made, "transport": transport}


def refusal(made, seats=2):
    with pytest.raises(UsageError) as caught:
        BridgeVectorEnv(made, seats)
    assert fake.folders() == []
    return str(caught.value)


def test_a_fixed_port_says_what_to_write_instead():
    assert refusal(reached({"tcp": {"connect": "127.0.0.1:4763"}}), 3) == (
        "3 simulators would have one and the same address\n"
        "  found: `tcp: {connect: 127.0.0.1:4763}`; each seat starts a program of its own, and only one can have it\n"
        "  cure: `127.0.0.1:${port}` instead, and the program told so in its `command`; or num_envs=1"
    )


@pytest.mark.parametrize(
    ("transport", "instead"),
    [
        ({"tcp": {"listen": "[::1]:4763"}}, "`[::1]:${port}`"),
        ({"udp": {"connect": "localhost:4763"}}, "`localhost:${port}`"),
        ({"udp": {"connect": "127.0.0.1:${port}", "listen": "127.0.0.1:4763"}}, "`127.0.0.1:${port}`"),
        ({"http": {"url": "http://127.0.0.1:4763/of/${seat}"}}, "`http://127.0.0.1:${port}/of/${seat}`"),
        ({"http": {"serve": "127.0.0.1:4763", "peer": "any"}}, "`127.0.0.1:${port}`"),
        ({"unix": {"connect": "/tmp/plant.sock"}}, "a path in the folder that it starts in, `plant.sock` say"),
    ],
)
def test_every_way_to_have_one_address(transport, instead):
    assert f"\n  cure: {instead} instead, and the program told so" in refusal(reached(transport))
    BridgeVectorEnv(reached(transport), 1).close()


def test_a_path_in_a_folder_that_all_start_in(tmp_path):
    made = reached({"unix": {"connect": "plant.sock"}}, directory=str(tmp_path))
    assert "`unix: {connect: plant.sock}`" in refusal(made)


@pytest.mark.parametrize(
    "transport",
    [
        {"tcp": {"connect": "127.0.0.1:${port}"}},
        {"tcp": {"connect": "127.0.0.1:47${seat}"}},
        {"unix": {"connect": "plant.sock"}},
        {"unix": {"listen": True}},
        {"unix": {"connect": "/tmp/plant${seat}.sock"}},
        {"http": {"url": "http://127.0.0.1:${port}/of/it"}},
    ],
)
def test_what_differs_from_seat_to_seat_is_fine(transport):
    BridgeVectorEnv(reached(transport), 2).close()


def test_a_program_that_runs_already_may_serve_several():
    made = reached({"tcp": {"connect": "127.0.0.1:4763"}})
    made["simulator"] = {"seed": "none"}
    BridgeVectorEnv(made, 2).close()


def test_one_that_waits_would_have_the_address_of_the_one_that_runs():
    with pytest.raises(UsageError, match=r"^warm=1 cannot be had\n  found: a simulator that waits would have the add"):
        BridgeEnv(reached({"tcp": {"connect": "127.0.0.1:4763"}}), warm=1)
