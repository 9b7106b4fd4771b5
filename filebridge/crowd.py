"""Many simulators awaited at once, in one thread: each goes on as soon as what it waits for is there."""

from __future__ import annotations

import heapq
import math
import select
from collections.abc import Callable, Hashable
from os import sched_yield
from time import monotonic
from typing import Any

from filebridge.conversation import Events, Need, Talk
from filebridge.link import Link
from filebridge.waiting import Place, Waiting

__all__ = ["Crowd"]

_IN_MILLISECONDS = 1000.0

_SPARE_TIMES = 64
"""Times that are kept although nobody waits for them any more, besides a few for each talk."""


class Crowd:
    """Talks under way, each known by a key, and what they wait for.

    ``begin`` takes one up, ``wait`` carries all of them on; a talk that ends goes into ``ended``, key -> what it
    returned, or into ``failed``, key -> what it raised. ``listen`` waits for output alone, and tells of it in
    ``heard``. ``waited`` is the time in seconds in which nothing was to be
    done. Not for several threads.
    """

    def __init__(self) -> None:
        self.ended: dict[Hashable, Any] = {}
        self.failed: dict[Hashable, BaseException] = {}
        self.heard: list[Hashable] = []
        self.waited = 0.0
        self._waiting: dict[Hashable, Waiting] = {}
        self._times: list[tuple[float, int, Waiting]] = []
        self._count = 0
        # Linux tells of those descriptors that are ready; elsewhere all are looked through.
        self._poller: Any = select.epoll() if hasattr(select, "epoll") else select.poll()
        self._scale = 1.0 if hasattr(select, "epoll") else _IN_MILLISECONDS
        self._links: dict[int, Link] = {}
        self._further: dict[int, Waiting] = {}
        self._by_link: dict[Link, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def begin(self, key: Hashable, talk: Talk[Any]) -> None:
        """Take up ``talk``; it goes on until it has to wait."""
        self._go_on(Waiting(key, talk), None)

    def listen(self, key: Hashable, link: Link, until: float, otherwise: Callable[[], Talk[Any]]) -> None:
        """Wait for output of ``link``, then put ``key`` into ``heard``, and wait no longer.

        Where something else happens, or the time is over, the talk that ``otherwise`` makes is taken up instead; its
        first need must be just this one. It costs a third of what a talk does.
        """
        waiting = Waiting(key, None, otherwise)
        self._waiting[key] = waiting
        self._await(waiting, (link, until, ()))

    def wait(self, limit: float) -> bool:
        """Wait until something happens, at most until the monotonic time ``limit``; False if nothing did."""
        times = self._times
        if len(times) > _SPARE_TIMES + 4 * len(self._waiting):
            self._forget_times()
        while times and times[0][2].until != times[0][0] and times[0][2].look_at != times[0][0]:
            heapq.heappop(times)
        until = min(limit, times[0][0]) if times else limit
        begun = monotonic()
        seconds = max(0.0, until - begun)
        events = self._poller.poll(math.ceil(seconds * 1000.0) * 0.001 * self._scale if seconds < math.inf else None)
        now = monotonic()
        if seconds:
            self.waited += now - begun
        return self._tell(events) | self._remind(now)

    def give_way(self) -> None:
        """Let others run for a moment: there is nothing to do yet."""
        begun = monotonic()
        sched_yield()
        self.waited += monotonic() - begun

    def look(self) -> None:
        """Take note of what happened without being waited for; the links concerned are no longer ``current``.

        Where some are always ready nobody waits, and the time of one that never answers is seen to be over here.
        """
        self._tell(self._poller.poll(0))
        if self._times and self._times[0][0] <= (now := monotonic()):
            self._remind(now)

    def drop(self, key: Hashable) -> None:
        """Let go of a talk, wherever it stands; nobody waits for it any more."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            self._settle(waiting)
            if waiting.talk is not None:
                waiting.talk.close()

    def close(self) -> None:
        """Let go of all talks and of the descriptor; twice is harmless."""
        for key in list(self._waiting):
            self.drop(key)
        for link in set(self._links.values()):
            if link.enrolment is not None:
                # Another crowd may wait for it next.
                link.enrolment.leave()
        if hasattr(self._poller, "close"):
            self._poller.close()

    def hush(self, descriptor: int, owner: Link | None) -> None:
        """Watch ``descriptor`` no longer, which was watched for ``owner``, or for none."""
        if self._links.get(descriptor) is not owner:
            # It was closed, and its number is that of another one now.
            return
        self._links.pop(descriptor, None)
        try:
            self._poller.unregister(descriptor)
        except (OSError, KeyError, ValueError):
            # It was closed meanwhile, or all of this was, and with that it is watched no longer.
            return

    def _tell(self, events: Events) -> bool:
        """Hand the events to those whom they concern."""
        told: dict[Waiting, Events] = {}
        for descriptor, mask in events:
            waiting = self._further.get(descriptor)
            if waiting is None:
                link = self._links.get(descriptor)
                waiting = None if link is None else self._by_link.get(link)
                if waiting is None:
                    self._set_aside(descriptor, link)
                    continue
                alone = waiting.talk is None and waiting not in told
                if alone and (descriptor, mask) == link.readable[0]:  # type: ignore[union-attr]
                    self._hear(waiting)
                    continue
            told.setdefault(waiting, []).append((descriptor, mask))
        for waiting, some in told.items():
            self._go_on(waiting, some)
        return bool(told or self.heard)

    def _remind(self, now: float) -> bool:
        """Carry on those whose time has come."""
        times, moved = self._times, False
        while times and times[0][0] <= now:
            time, _, waiting = heapq.heappop(times)
            if waiting.look_at == time and time < waiting.until and waiting.link is not None:
                events = waiting.link.glance()
                if not events:
                    self._look_later(waiting, now)
                    continue
                self._go_on(waiting, events)
                moved = True
            elif waiting.until == time:
                self._go_on(waiting, [])
                moved = True
        return moved

    def _forget_times(self) -> None:
        """Forget the times that nobody waits for any more: most deadlines are far away when the reply comes."""
        self._times.clear()
        for waiting in self._waiting.values():
            for time in {waiting.until, waiting.look_at} - {math.inf}:
                self._count += 1
                self._times.append((time, self._count, waiting))
        heapq.heapify(self._times)

    def _set_aside(self, descriptor: int, link: Link | None) -> None:
        """Watch no longer what nobody waits for, so that waiting for others is no spinning."""
        self.hush(descriptor, link)
        if link is not None and link.enrolment is not None:
            link.enrolment.current = False

    def _go_on(self, waiting: Waiting, events: Events | None) -> None:
        key, talk = waiting.key, waiting.talk
        if talk is None:
            if events == waiting.link.readable:  # type: ignore[union-attr]  # it waits for a link
                self._hear(waiting)
                return
            talk = self._resort(waiting)
        if events is not None:
            self._settle(waiting)
        self._waiting[key] = waiting
        try:
            need = next(talk) if events is None else talk.send(events)
        except StopIteration as end:
            del self._waiting[key]
            self.ended[key] = end.value
        except Exception as error:  # noqa: BLE001 - whoever asks for it raises it
            del self._waiting[key]
            self.failed[key] = error
        except BaseException:
            del self._waiting[key]
            raise
        else:
            self._await(waiting, need)

    def _hear(self, waiting: Waiting) -> None:
        """Tell of output to somebody who waits for nothing else. Where there is more to see it is seen next time."""
        self._by_link.pop(waiting.link, None)  # type: ignore[arg-type]  # it waits for a link
        del self._waiting[waiting.key]
        waiting.link, waiting.until, waiting.look_at = None, math.inf, math.inf
        self.heard.append(waiting.key)

    def _resort(self, waiting: Waiting) -> Talk[Any]:
        """Return the talk that goes on where more than output is to be seen to, as far as it waits for that output."""
        assert waiting.otherwise is not None
        waiting.talk = talk = waiting.otherwise()
        next(talk)
        return talk

    def _await(self, waiting: Waiting, need: Need) -> None:
        waiting.link, waiting.until, waiting.further = link, until, further = need
        if link is not None:
            # An epoll watches what stood behind a descriptor when it was told of it.
            if link.enrolment is None or not link.enrolment.current or link.transport.renews:
                self._enrol(link)
            self._by_link[link] = waiting
        for descriptor, mask in further:
            if descriptor >= 0:
                owner = self._links.get(descriptor)
                self._watch(descriptor, mask if owner is None else owner.watched(further).get(descriptor, mask))
                self._further[descriptor] = waiting
        self._count += 1
        heapq.heappush(self._times, (until, self._count, waiting))
        waiting.look_at = math.inf
        if link is not None and link.transport.patience < math.inf:
            self._look_later(waiting, monotonic())

    def _look_later(self, waiting: Waiting, now: float) -> None:
        assert waiting.link is not None
        waiting.look_at = now + waiting.link.transport.patience
        self._count += 1
        heapq.heappush(self._times, (waiting.look_at, self._count, waiting))

    def _settle(self, waiting: Waiting) -> None:
        """Forget what ``waiting`` waited for."""
        link = waiting.link
        waiting.until = waiting.look_at = math.inf
        waiting.link = None
        if link is not None:
            self._by_link.pop(link, None)
        for descriptor, _ in waiting.further:
            if self._further.get(descriptor) is not waiting:
                continue
            del self._further[descriptor]
            owner = self._links.get(descriptor)
            if owner is None:
                self.hush(descriptor, None)
            else:
                self._watch(descriptor, owner.watched().get(descriptor, 0))
        waiting.further = ()

    def _enrol(self, link: Link) -> None:
        """Watch all of ``link`` from now on, and nothing else of it."""
        place = link.enrolment
        if not isinstance(place, Place) or not place.is_of(self):
            if place is not None:
                place.leave()
            link.enrolment = place = Place(self, link)
        place.leave()
        watched = link.watched()
        for descriptor, mask in watched.items():
            self._watch(descriptor, mask)
            self._links[descriptor] = link
        place.descriptors, place.current = tuple(watched), True

    def _watch(self, descriptor: int, mask: int) -> None:
        try:
            self._poller.register(descriptor, mask)
        except FileExistsError:
            self._poller.modify(descriptor, mask)
