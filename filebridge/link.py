"""One running simulator: its process and transport, its dialogue, its private folder, its place under the guardian."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from select import POLLIN, poll
from time import monotonic
from typing import TYPE_CHECKING

from filebridge import guardian, sweep
from filebridge.attention import Attention
from filebridge.config import substitution
from filebridge.errors import ActionError, BridgeError, CleanupError, ExecFailed, Refused
from filebridge.launching import connect, launch_of, look_beside, placed_files, shown_command
from filebridge.program import Program
from filebridge.redaction import HIDES_NOTHING, Redaction
from filebridge.transports.base import Transport
from filebridge.transports.folder import RunFolder
from filebridge.transports.recording import Transcript
from filebridge.transports.sockets.endpoint import Endpoints
from filebridge.transports.stopping import reserved, stop
from filebridge.wire.framing import whole
from filebridge.wire.phase import Phase

if TYPE_CHECKING:
    from filebridge.addressing import Addresses

__all__ = ["Link"]

GRACE = 2.0
"""Seconds between the polite and the impolite end."""

UNFINISHED = 8192
"""Bytes of a line on stderr that are kept for its rest to come."""

LATE_OUTPUT = 50
"""Milliseconds that a terminal may take to hand over what was written before its process ended."""


class Link(Attention):
    """A simulator that runs; made by starting it, ended by ``close``.

    ``eagerness`` says how the loop waits: above 0 it looks for
    the reply a few times before it blocks, ``looks`` whether it does so right after sending, ``yields`` how many
    steps more it gives way first. ``phase`` is the one under way or the last one, ``delivered`` the files of the
    last exchange, ``last_try`` is when a repetition last failed, ``nominal`` when a step in a fixed
    pace was due, ``heard`` when it last said something in the pause of such a step. ``closing`` is set once its end
    has begun. ``saved`` are the reply and the row that the simulator had when it saved its state.
    """

    __slots__ = (
        "_addresses", "_token", "begun", "closing", "deadline", "delivered", "dialogue", "eagerness", "first_step",
        "folder", "heard", "last_try", "looks", "nominal", "phase", "program", "saved", "seat", "transcript", "write",
        "yields",
    )  # fmt: skip

    def __init__(
        self, program: Program, seat: int, values: Mapping[str, object], transcripts: Path | None = None
    ) -> None:
        """Start the simulator in a fresh folder; raises StartError and its kin, with nothing left behind.

        A transcript of all that is said goes into the folder ``transcripts``.
        """
        self.program = program
        self.seat = seat
        self.dialogue = program.dialogue()
        self.transcript: Transcript | None = None
        self.closing = False
        self._token = guardian.link_token()
        self._addresses: Addresses | None = None
        reserve = reserved()
        try:
            self.folder = RunFolder.make(program.config.name)
            guardian.watch(folder=self.folder.path)
            self._connect(self._started(values, transcripts))
            self.process.redaction = self.redaction
            if self.process.pid:
                guardian.watch(pid=self.process.pid, token=self._token)
        except BaseException:
            reserve.close()
            self._undo()
            raise
        reserve.close()

    def _started(self, values: Mapping[str, object], transcripts: Path | None) -> Transport:
        config, place = self.program.config, self.program.source.folder
        known = {**values, **substitution.places(place), "workdir": self.folder.path}
        sockets: Endpoints = ()
        if config.transport.sockets:
            from filebridge.addressing import Addresses

            self._addresses = Addresses(config)
            known |= (values := {**values, **self._addresses.values})
            sockets = self._addresses.endpoints(known, self._token)
        self.folder.place(placed_files(self.program), values)
        launch = launch_of(config, known, self._token, sockets)
        if transcripts is not None:
            shown = shown_command(launch, values)
            self.transcript = Transcript.create(transcripts, config.name, self.seat, _episode(values), shown)
        try:
            return connect(self.program, launch, self.transcript)
        except ExecFailed as error:
            look_beside(error, launch.argv[0], place)
            raise

    def _undo(self) -> None:
        """Take back a start that failed or was interrupted, whatever part of it was done."""
        # What failed is raised, not what cannot be cleaned up besides: the guardian will see to that.
        with suppress(BridgeError):
            if hasattr(self, "transport"):
                self.close(monotonic() + GRACE, 0.0)
                return
            # An interrupt may have left a process that nobody holds.
            sweep.end(self._token, monotonic() + GRACE)
            if self._addresses is not None:
                self._addresses.close()
            if hasattr(self, "folder"):
                self.folder.remove()
                guardian.release(folder=self.folder.path)

    def _connect(self, transport: Transport) -> None:
        self.enrolment = None
        self.process = transport.process
        if self.program.decoder.refuses and self.process.stderr_fd >= 0:
            self.process.heard = bytearray()
        self.transport = transport
        self.attach()
        self.eagerness = 8
        self.looks = True
        self.yields = 0
        self.phase: Phase | None = None
        self.begun = self.nominal = self.last_try = self.heard = monotonic()
        self.deadline = 0.0
        self.first_step = True
        self.delivered: Sequence[tuple[str, bytes]] = ()
        self.saved: tuple[bytes, tuple[object, ...]] = b"", ()

    def deliver(self, data: bytes) -> bytes:
        """Put the files of the dialogue where the simulator finds them; return what of ``data`` is to be written still.

        Raises TransportError when that is not possible, StartError where a process had to be started for them.
        """
        files, self.dialogue.files = self.dialogue.files or (), None
        self.delivered = files
        return self.transport.deliver(files, data)

    def last_read(self) -> bytes | None:
        """Read what a dead process has left; on a terminal the kernel may be a moment late with it."""
        if self._torn:
            return None
        chunk = self._read_seen() if self._seen is not None else self.transport.look()
        if chunk is None and self.on_terminal:
            waiter = poll()
            waiter.register(self.transport.fileno(), POLLIN)
            waiter.poll(LATE_OUTPUT)
            chunk = self.read()
        return chunk

    @property
    def _torn(self) -> bool:
        """Whether a result may have been cut by the end of the process: the kernel closes what it was writing."""
        files, end = self.program.config.transport.files, self.process.exit()
        if end is None or files is None or files.written == "renamed" or not self.transport.snapshots:
            return False
        # Where the message has an end of its own, one that is cut off is never taken for whole.
        return end.signal is not None or (end.code != 0 and self.dialogue.exchange.cut is whole)

    def attach(self) -> None:
        """Watch the transport as it is connected now, with nothing read of it so far; long lines may not pass."""
        super().attach()
        if self.transport.line_limit:
            self.write = self._write_lines

    def _write_lines(self, data: bytes) -> int:
        """Write to a terminal that cuts long lines without a word: refuse them before anything is sent."""
        longest = max(map(len, data.splitlines()), default=0)
        if longest > self.transport.line_limit:
            raise ActionError(
                "a line is too long for a terminal with line editing",
                found=f"{longest} bytes; it takes {self.transport.line_limit} and would drop the rest",
                cure="`transport: {console: {terminal: raw}}`, or shorter lines",
            )
        return self.transport.write(data)

    def judge_stderr(self, before: bool = False) -> None:
        """Raise Refused for a complaint that stderr holds; ``before``: since the last reply nothing has been sent."""
        process = self.process
        if process.stderr_fd >= 0:
            self.drain_stderr()
        heard = process.heard
        if not heard:
            return
        try:
            self.program.decoder.refuse(bytes(heard).replace(b"\r\n", b"\n"))
        except Refused as error:
            error.what += f", as it said on stderr{' after its last reply' if before else ''}"
            error.cure += "; what it says there may come later than its reply: `transport: {console: {stderr: merged}}`"
            raise
        del heard[: heard.rfind(b"\n") + 1]
        del heard[:-UNFINISHED]

    @property
    def redaction(self) -> Redaction:
        """What hides the secrets that the simulator was told."""
        return HIDES_NOTHING if self._addresses is None else self._addresses.redaction

    @property
    def alive(self) -> bool:
        """Whether the process runs, its output is open, and it is not being ended."""
        return not self.closing and self.process.exit() is None and not self.output_ended

    @property
    def speaks_for_others(self) -> bool:
        """Whether what is announced may concern another simulator, or what is to be announced is not there yet."""
        return bool(self.transport.openings) or self.program.config.transport.files is not None

    @property
    def on_terminal(self) -> bool:
        """Whether the simulator sees a terminal rather than pipes."""
        console = self.program.config.transport.console
        return console is not None and console.terminal != "none"

    def close(self, deadline: float, grace: float = GRACE) -> None:
        """End the process and all that it started, remove its folder; raises CleanupError for what remains.

        ``deadline`` is an absolute monotonic time, ``grace`` the seconds between SIGTERM and SIGKILL. A close
        that was interrupted may be repeated.
        """
        # One that has ended by itself may have gone to the background, and be about to start what it leaves there.
        sequels = not self.closing and self.process.exit() is not None
        self.closing = True
        pid = self.process.pid
        living = {process.pid for process in stop([self.process] if pid else [], grace, deadline)}
        # First the descriptors: the sweep needs some, and there may be no others.
        self._let_go()
        # A process for each step has had others before it, and what they left may be older than this one.
        first = 0 if self.program.config.simulator.each == "step" else pid
        living.update(sweep.end(self._token, deadline, first_pid=first, sequels=sequels))
        left = [f"process {number}" for number in sorted(living)]
        try:
            self.folder.remove()
        except CleanupError as stuck:
            left += [f"folder {name}" for name in stuck.left]
        guardian.release(folder=self.folder.path, pid=pid)
        if left:
            error = CleanupError("the simulator left something behind", found=", ".join(left), cure="remove it by hand")
            error.left = tuple(left)
            raise error

    def disown(self) -> None:
        """Close this process's copies of the descriptors after a fork; the simulator belongs to the parent."""
        # The crowd is one for both: to leave it here would be to leave it there.
        self.enrolment = None
        self._let_go()

    def _let_go(self) -> None:
        if self.enrolment is not None:
            self.enrolment.leave()
        self.transport.close()
        if self.transport.outbox is not None:
            self.transport.outbox.close()
        if self._addresses is not None:
            self._addresses.close()


def _episode(values: Mapping[str, object]) -> int:
    episode = values.get("episode")
    return episode if isinstance(episode, int) else 0
