"""Facts of chess against Stockfish, the real program, and of the wrapper that masks illegal moves."""

from __future__ import annotations

import numpy as np
import pytest
from filebridge.adapters.chess import LegalMoves
from gymnasium import spaces

from filebridge.check.subject import link_of
from filebridge.env import BridgeEnv
from filebridge.errors import ActionError

START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
BACK, FRONT = [4, 2, 3, 5, 6, 3, 2, 4], [1] * 8


@pytest.fixture
def chess(require):
    require("stockfish", "/usr/games")
    env = BridgeEnv("Stockfish")
    yield env
    env.close()


@pytest.fixture
def legal(chess):
    env = LegalMoves(chess)
    env.action_space.seed(5)
    return env


def square(name):
    return (8 - int(name[1])) * 8 + "abcdefgh".index(name[0])


def move(text):
    return np.array([square(text[:2]), square(text[2:])])


def moves_of(info):
    return {line.partition(":")[0] for line in info["legal"].splitlines()}


def legal_move(env):
    """Choose at random among the legal moves."""
    return env.action_space.sample(mask=env.action_masks().astype(np.int8))


def game(env):
    """Play legal moves at random to the end; return them, and what the last step returned."""
    env.reset()
    played, ended = [], False
    while not ended:
        played.append(int(legal_move(env)))
        _, reward, terminated, truncated, info = env.step(played[-1])
        assert info["answered"], "a move of the mask was illegal"
        ended = terminated or truncated
    return played, reward, terminated, truncated, info


def test_the_board_is_read_from_white_s_side(chess):
    observation, info = chess.reset()
    assert observation.dtype == np.uint8
    assert observation.tolist() == [[n + 6 for n in BACK], [7] * 8, *[[0] * 8] * 4, FRONT, BACK]
    assert (info["fen"], info["moves"], len(moves_of(info))) == (START, 20, 20)


def test_a_move_is_answered(chess):
    chess.reset()
    observation, reward, terminated, truncated, info = chess.step(move("e2e4"))
    assert observation[4][4] == 1
    assert observation[6][4] == 0
    assert (info["answered"], info["turn"], terminated, truncated) == (True, "w", False, False)
    assert info["fen"].endswith(" 2")
    assert reward == -info["score"] / 10000 != 0


def test_an_illegal_move_costs_and_changes_nothing(chess):
    before, _ = chess.reset()
    observation, reward, terminated, _, info = chess.step(move("e2e5"))
    assert observation.tolist() == before.tolist()
    assert (reward, terminated, info["answered"], info["fen"]) == (-0.1, False, False, START)
    assert chess.step(move("e2e4"))[4]["answered"]


@pytest.mark.parametrize(
    ("opening", "played", "reward", "facts"),
    [
        ("7k/8/5KQ1/8/8/8/8/8 w - - 0 1", "g6g7", 1.0, {"won": True, "lost": False}),
        ("rnbqkbnr/pppp1ppp/8/4p3/8/5P2/PPPPP1PP/RNBQKBNR w KQkq - 0 2", "g2g4", -1.0, {"won": False, "lost": True}),
        ("7k/8/6K1/8/8/8/5Q2/8 w - - 0 1", "f2f7", 0.0, {"won": False, "lost": False}),
    ],
    ids=["mate given", "mate received", "stalemate"],
)
def test_games_end(chess, opening, played, reward, facts):
    chess.reset(options={"opening": opening})
    step = chess.step(move(played))
    assert step[1:4] == (reward, True, False)
    assert {name: step[4][name] for name in facts} == facts
    assert step[4]["moves"] == 0


def test_fifty_moves_without_progress_are_a_draw(chess):
    chess.reset(options={"opening": "8/7k/8/8/8/8/R7/K7 w - - 97 80"})
    assert chess.step(move("a2b2"))[2] is False
    _, _, terminated, _, info = chess.step(move("b2c2"))
    assert terminated
    assert (info["halfmoves"], info["moves"] > 0) == (101, True)


def test_a_pawn_becomes_a_queen(chess):
    chess.reset(options={"opening": "8/P6k/8/8/8/8/8/K7 w - - 0 1"})
    observation, _, _, _, info = chess.step(move("a7a8"))
    assert info["answered"]
    assert observation[0][0] == 5


def test_the_mask_holds_the_legal_moves_and_no_others(legal):
    _, info = legal.reset()
    assert legal.action_space == spaces.Discrete(4096)
    for _ in range(10):
        mask = legal.action_masks()
        assert (mask.shape, mask.dtype) == ((4096,), np.bool_)
        shown = {(int(action) // 64, int(action) % 64) for action in np.flatnonzero(mask)}
        assert shown == {(square(text[:2]), square(text[2:4])) for text in moves_of(info)}
        _, _, _, _, info = legal.step(legal_move(legal))


def test_promotions_are_one_move_and_a_mask_is_the_caller_s_own(legal):
    _, info = legal.reset(options={"opening": "8/P6k/8/8/8/8/8/K7 w - - 0 1"})
    assert len(moves_of(info)) == 7
    mask = legal.action_masks()
    assert mask.sum() == 4
    mask[:] = False
    assert legal.action_masks().sum() == 4


def test_an_action_that_is_no_move_is_refused(legal):
    legal.reset()
    with pytest.raises(ActionError):
        legal.step(4096)
    assert legal.action_masks().sum() == 20


def test_games_of_random_legal_moves_end_properly_and_repeat_themselves(legal, require):
    played, reward, terminated, truncated, info = game(legal)
    assert terminated or truncated
    assert reward == (1.0 if info["won"] else -1.0 if info["lost"] else reward)
    assert legal.action_masks().any() == (info["moves"] > 0)
    pid = link_of(legal.unwrapped).process.pid
    again = LegalMoves(BridgeEnv("Stockfish"))
    try:
        for env in (legal, again):
            env.reset()
            fens = [env.step(action)[4]["fen"] for action in played]
            assert fens[-1] == info["fen"]
    finally:
        again.close()
    assert link_of(legal.unwrapped).process.pid == pid
