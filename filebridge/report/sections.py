"""The reference page's sections: in the order of a file, each with what a table cannot say and an example.

An example is a piece of YAML that stands in place of the same keys of a whole file; the tests load each.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from filebridge.config.action import Action, Box, TextAction
from filebridge.config.adapter import AdapterModel
from filebridge.config.deck import Deck, Edit
from filebridge.config.exchange import Exchange, Framing, Length, Pack, Repeat, Request, Reset
from filebridge.config.field import FieldModel
from filebridge.config.model import Deadlines, OnFailure, Variable
from filebridge.config.places import Array, Binary, Grid, Table, Within
from filebridge.config.restore import Restore
from filebridge.config.simulator import File, Limits, Simulator, Text
from filebridge.config.sockets import Http, Tcp, Udp, Unix
from filebridge.config.transport import Console, Fifo, Files, Transport

__all__ = ["SECTIONS", "Section"]


@dataclass(frozen=True, slots=True)
class Section:
    """One section: the models whose keys it lists, a few sentences, an example."""

    title: str
    models: tuple[type[BaseModel], ...]
    text: str
    example: str


SECTIONS = (
    Section(
        "simulator",
        (Simulator, File),
        "The program is started without a shell: the command is a list of words. It runs in a private folder of its"
        " own and sees only the environment that is written here.",
        """\
simulator:
  command: [solver, --seed, "${seed}", "${config}/plant.dat"]
  path: [/opt/solver/bin]
  install: apt-get install solver
  seed: 0..65535
  files:
    deck.in: {text: "SEED {{ seed }}\\nGOAL {{ goal }}\\n"}
  environment: {OMP_NUM_THREADS: 1}
variables: {goal: {draw: "uniform(200, 400)"}}
""",
    ),
    Section(
        "transport",
        (Transport, Console, Files, Fifo, Tcp, Unix, Udp, Http),
        "Pipes are the fast way. A program that holds back its output on a pipe, or that asks whether it has a"
        " terminal, gets one with `terminal: true`. Replies come from a socket that carries them, from `fifo` or"
        " `files` where these have a `read`, else from the console; what is sent goes to a socket that carries actions,"
        " to `fifo` where it has a `write`, else to the console. Files are written by the `write` of an exchange,"
        " whatever the transport. The program listens, and `connect` or `url` says where; or it calls us, where"
        " `listen` or `serve` says. Its command names the same `${port}`. Without a `command` it runs already.",
        """\
transport:
  files: {read: results/obs.txt, written: renamed}
  fifo: {write: commands}
""",
    ),
    Section("text", (Text,), "", 'text: {encoding: latin-1, line_end: "\\r\\n", decimal: ","}\n'),
    Section("limits", (Limits,), "", "limits: {memory: 2 GB, cpu: 60, output: 64 KiB}\n"),
    Section(
        "framing",
        (Framing, Length),
        "An end must not depend on how the bytes happen to arrive: of several texts none may hold another, and a"
        " regular"
        " expression must not be open at its end.",
        """\
framing: {until: [/cmd \\d+> /, {over: {exit: 0}}]}
step: {send: "push {action:.2f}"}
""",
    ),
    Section(
        "action",
        (Action, Box, TextAction),
        "`choices`, `multi`: each entry is a list of labels, a range `1..20`, or a count. In templates and expressions"
        " `action` is the number or label chosen; `action[0]`, `action.NAME` are its parts.",
        """\
action:
  parts:
    verb: {choices: [push, pull]}
    force: {box: {low: 0, high: [10, 5], names: [left, right]}}
step:
  send: "{action.verb} {action.force.left:.1f} {action.force.right:.1f}"
  until: ["> ", {over: "END\\n"}]
""",
    ),
    Section(
        "variables",
        (Variable,),
        "A plain value is short for `start`. `low` and `high` bound what `reset(options={...})` may set.",
        """\
variables:
  goal: {draw: "choice(10, 20, 50)"}
  clock: {start: 0.0, update: clock + 0.5}
  mass: 3.5
reward: -abs(x - goal)
""",
    ),
    Section(
        "start, reset, step, stop",
        (Exchange, Repeat, Reset, Restore, Pack, Request, Deck, Edit),
        "A dialogue is a list of exchanges, or one by itself. An exchange writes files, sends something and awaits the"
        " reply; it may say how the reply ends with the keys of [framing](#framing). What a file holds is a text by"
        " itself, a template as in `send`, or a deck.",
        """\
start:
  - until: "> "
    answer: {"Instructions? (y-n) ": n}
reset:
  from: over
  exchanges: [{send: again, until: "> "}]
step:
  - {send: "push {action:.2f}", until: ["> ", {over: "END\\n"}]}
  - {send: status, until: "# ", when: not over, repeat: {until: x > 0, every: 20 ms}}
  - write:
      control.txt: "{step} {action:.3f}"
      deck.inp: {text: "* step {{ step }}\\nGAIN {{ action }}\\n"}
    send: read deck.inp
    until: "> "
stop: {send: quit, silent: 100 ms}
""",
    ),
    Section(
        "fields",
        (FieldModel, Table, Grid, Within, Array, Binary),
        "Exactly one of the keys from `find` to `compute` says how the value is read. Fields are read from all that was"
        " said in a phase. A field that does not occur is an error unless it has `default` or `keep`."
        " In every regular expression of a file `^` and `$` are the ends of a line.",
        """\
fields:
  x: {find: "X= {float}", low: -10, high: 10, outside: clip}
  position: {find: "AT {float:3}"}
  alarm: {seen: "ALARM"}
  mode: {find: "MODE {word}", values: [idle, busy], keep: true}
  stress: {table: {after: RESULTS, skip: 2, column: 3}}
  board: {grid: {legend: {".": 0, "#": 1}, rows: 3, columns: 4}}
  energy: {compute: 0.5 * x ** 2}
observation: {state: [x, position, alarm], mode: mode, board: board}
""",
    ),
    Section(
        "deadlines",
        (Deadlines,),
        "Nothing waits without one. When it passes, the error says what was sent, what came, what the process is"
        " doing, and the probable cause.",
        "deadlines: {start: 2 min, step: 500 ms}\n",
    ),
    Section(
        "adapter",
        (AdapterModel,),
        "A class in Python turns actions into bytes, and replies into the values of fields that say `adapter: NAME`;"
        " or it holds a whole dialogue. See [adapters](adapters.md).",
        """\
adapter:
  class: modbus
  options: {write: holding 0 * 0.1, read: level = input 0 i16}
transport: {tcp: {connect: "127.0.0.1:5020"}}
start: []
step: {}
fields: {level: {adapter: level}}
observation: [level]
reward: level
terminated: false
max_steps: 100
""",
    ),
    Section(
        "on_failure",
        (OnFailure,),
        "`raise` raises. `truncate` ends the episode with the last observation, `truncated` and the cause in `info`."
        " `retry` starts a new process and replays the episode, which must repeat itself. One word holds for all"
        " kinds.",
        """\
on_failure: {crash: retry, timeout: truncate, reward: -1, restarts: 5, within: 10 min}
deterministic: true
""",
    ),
)
