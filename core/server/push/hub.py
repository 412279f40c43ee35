"""The hub: reads committed events once, and sends them to all subscribers who may see them.

The database is the queue. A commit only wakes the hub, which reads the events table from where it stopped. So nothing
is sent that was not committed, nothing twice or out of order, other processes' events are included, and however much
happens at once, the hub reads on only when the last batch was sent.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from core.domain.ids import ShopId
from core.domain.people import Principal
from core.instants import now, to_us
from core.protocol.feed import HEARTBEAT_S, Close, Cursor
from core.server.background import repeating
from core.server.devices import display
from core.server.push.channel import Channel, Subscriber
from core.server.push.feed import Audience
from core.server.services import Services
from core.store import events, sessions
from core.store.events import EVERYBODY, Kept
from core.store.sql.statements import Transaction

log = logging.getLogger(__name__)

READ_AT_ONCE: Final = 128
SENDING_S: Final = 0.0002
"""How long the hub sends before other tasks get the event loop."""
END_WITHIN_S: Final = 5.0
TICK_S: Final = 1.0
_LOOK_BACK_US: Final = 60_000_000
"""How far a clock may be behind another's and its revocations are still found."""


class Feed:
    """A shop with subscribers: its position and channels."""

    def __init__(self, shop_id: ShopId, position: Cursor) -> None:
        self.shop_id = shop_id
        self.position = position
        self.cursor = str(position)
        self.channels: dict[Audience, Channel] = {}

    def audiences(self, event: Kept) -> Iterator[Audience]:
        """The audiences that may see an event and may be connected: staff, and its customer or all customers."""
        yield Audience(self.shop_id)
        if event.customer_id == EVERYBODY:
            yield from (audience for audience in self.channels if audience.customer_id is not None)
        elif event.customer_id is not None:
            yield Audience(self.shop_id, event.customer_id)


class Hub:
    """Made with the app, runs as long as it does."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._database = services.database
        self._feeds: dict[ShopId, Feed] = {}
        self._held: dict[str, deque[Subscriber]] = {}
        """The sockets of each person or screen, oldest first."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._happened = asyncio.Event()
        self._committed_at = 0.0
        """When the first commit was made that has not been sent yet, by `perf_counter`; 0 for none."""
        self._ready: deque[Subscriber] = deque()
        self._waiting = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._endings: set[asyncio.Task[None]] = set()
        self._checked_us = 0
        """Up to when revoked sessions are known (µs): the database may have been out of reach since."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send events until the end of the block."""
        self._loop = asyncio.get_running_loop()
        self._database.listen(self._on_events, self._on_reconnected)
        async with repeating(self._advance_all, self._send_all, self._tick):
            yield
            self._database.listen(None)
        await asyncio.gather(*self._endings)

    async def join(self, subscriber: Subscriber) -> None:
        """Add `subscriber`: events are held for it from now on, until it has `caught_up`."""
        audience, shop_id = subscriber.audience, subscriber.audience.shop_id
        while True:
            feed = self._feeds.get(shop_id)
            if feed is None:
                position = await self._database.read(lambda transaction: events.head(transaction, shop_id))
                feed = self._feeds.setdefault(shop_id, Feed(shop_id, position))
            channel = feed.channels.get(audience)
            if channel is None:
                at = feed.position.seq
                last = await self._database.read(
                    partial(events.last_for, shop_id=shop_id, seq=at, customer_id=audience.customer_id)
                )
                if self._feeds.get(shop_id) is not feed or feed.position.seq != at:
                    continue
                channel = feed.channels.setdefault(audience, Channel(at, last))
            channel.subscribers.add(subscriber)
            self._make_room(subscriber)
            subscriber.channel = channel
            subscriber.line.on_writable = partial(self._unblock, subscriber)
            return

    def _make_room(self, subscriber: Subscriber) -> None:
        """Close the oldest sockets of a person beyond the limit: a machine that fell asleep has left them open."""
        held = self._held.setdefault(subscriber.verified.principal.subject, deque())
        held.append(subscriber)
        while len(held) > self._services.settings.sockets_max:
            self.end(held.popleft(), Close.TOO_MANY)

    def screens(self) -> Counter[str]:
        """The number of connected screens, by kind."""
        found = Counter({"staff": 0, "customer": 0, "display": 0})
        for feed in self._feeds.values():
            for audience, channel in feed.channels.items():
                found[audience.kind] += len(channel.subscribers)
        return found

    def caught_up(self, subscriber: Subscriber, position: int) -> None:
        """`subscriber` was sent everything up to `position`; a heartbeat is due."""
        subscriber.position = position
        self.beat(subscriber)
        self._happened.set()

    def beat(self, subscriber: Subscriber) -> None:
        """Send `subscriber` a heartbeat, after its pending messages."""
        subscriber.due = True
        if subscriber.position >= 0:
            self._queue(subscriber)

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a closed subscriber. Harmless when it never joined."""
        subscriber.closed = True
        subscriber.line.on_writable = None
        channel, feed = subscriber.channel, self._feeds.get(subscriber.audience.shop_id)
        if channel is not None:
            channel.subscribers.discard(subscriber)
        subject = subscriber.verified.principal.subject
        held = self._held.get(subject, deque())
        if subscriber in held:
            held.remove(subscriber)
        if not held:
            self._held.pop(subject, None)
        if feed is None or channel is None or feed.channels.get(subscriber.audience) is not channel:
            return
        if not channel.subscribers:
            del feed.channels[subscriber.audience]
        if not feed.channels:
            del self._feeds[feed.shop_id]

    def followers(self) -> Iterator[tuple[Principal, int]]:
        """The principals that have caught up, and the `seq` up to which each was sent events."""
        for feed in self._feeds.values():
            for channel in feed.channels.values():
                for subscriber in channel.subscribers:
                    if subscriber.position >= 0 and not subscriber.closed:
                        # One that was sent all it may see is at the shop's position.
                        position = feed.position.seq if subscriber.position >= channel.last else subscriber.position
                        yield subscriber.verified.principal, position

    def end(self, subscriber: Subscriber, code: Close) -> None:
        """Close its socket in the background."""
        if subscriber.closed:
            return
        subscriber.closed = True
        principal = subscriber.verified.principal
        log.info("closing a feed: %s", code.name.lower(), extra={"subject": principal.subject, "code": int(code)})
        ending = asyncio.create_task(subscriber.end(code, END_WITHIN_S))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    def _end_all(self, feed: Feed) -> None:
        """Close all sockets of a shop whose history has changed, so that their clients notice."""
        del self._feeds[feed.shop_id]
        for channel in feed.channels.values():
            for subscriber in channel.subscribers:
                self.end(subscriber, Close.DIVERGED)

    def _on_reconnected(self) -> None:
        """Called in the writer's thread: cached sessions may have been lost, and shops may have a new epoch."""
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._on_reconnected_in_loop)
            except RuntimeError:
                log.debug("the event loop has ended")

    def _on_reconnected_in_loop(self) -> None:
        self._services.verified.clear()
        self._happened.set()

    def _on_events(self) -> None:
        """Called in the writer's thread after a commit."""
        if self._feeds and self._loop is not None and not self._happened.is_set():
            self._committed_at = self._committed_at or time.perf_counter()
            try:
                self._loop.call_soon_threadsafe(self._happened.set)
            except RuntimeError:
                log.debug("the event loop has ended")

    async def _advance_all(self) -> None:
        await self._happened.wait()
        self._happened.clear()
        committed_at, self._committed_at = self._committed_at, 0.0
        # One query for all shops: few of a thousand have new events.
        heads = await self._database.read(events.heads) if self._feeds else {}
        for feed in list(self._feeds.values()):
            epoch, newest = heads.get(feed.shop_id, ("", 0))
            if epoch != feed.position.epoch:
                self._end_all(feed)
                continue
            while feed.position.seq < newest and await self._advance(feed):
                await self._drained.wait()
        if committed_at:
            self._services.metrics.push_s.observe(time.perf_counter() - committed_at)

    async def _advance(self, feed: Feed) -> bool:
        """Append the next events of a shop to the channels that may see them. False when there were none."""
        displays, rules = Audience(feed.shop_id, display=True), display.rules(self._services.settings)
        seen_by_displays = displays in feed.channels

        def read(transaction: Transaction) -> tuple[list[Kept], list[Kept]]:
            found = events.after(transaction, feed.shop_id, feed.position.seq, READ_AT_ONCE)
            return found, list(display.moves(transaction, found, rules)) if seen_by_displays else []

        found, moves = await self._database.read(read)
        if not found:
            return False
        if displays in feed.channels and not seen_by_displays:
            return True  # the first display joined meanwhile: read again, for it too
        visible = [(audience, event) for event in found for audience in feed.audiences(event)]
        visible += [(displays, move) for move in moves]
        touched: set[Channel] = set()
        for audience, event in visible:  # from here to the new position nobody can join
            channel = feed.channels.get(audience)
            if channel is not None:
                channel.append(event)
                touched.add(channel)
        feed.position = Cursor(feed.position.epoch, found[-1].seq, found[-1].event_id)
        feed.cursor = str(feed.position)
        self._database.history.record(feed.shop_id, feed.position)
        for channel in touched:
            for subscriber in channel.subscribers:
                self._queue(subscriber)
        return True

    def _queue(self, subscriber: Subscriber) -> None:
        if subscriber.queued or subscriber.position < 0 or subscriber.closed:
            return
        if subscriber.blocked:
            assert subscriber.channel is not None
            if not subscriber.channel.holds(subscriber.position):
                self.end(subscriber, Close.TOO_SLOW)
            return
        subscriber.queued = True
        self._ready.append(subscriber)
        self._drained.clear()
        self._waiting.set()

    async def _send_all(self) -> None:
        """Send to some of the queued subscribers, then yield to other tasks."""
        await self._waiting.wait()
        until = time.perf_counter() + SENDING_S
        while self._ready and time.perf_counter() < until:
            self._send_next(self._ready.popleft())
        if not self._ready:
            self._waiting.clear()
            self._drained.set()
        await asyncio.sleep(0)

    def _send_next(self, subscriber: Subscriber) -> None:
        subscriber.queued = False
        channel, feed = subscriber.channel, self._feeds.get(subscriber.audience.shop_id)
        if channel is None or feed is None or subscriber.closed:
            return
        if subscriber.position < channel.last:
            if not channel.holds(subscriber.position):
                self.end(subscriber, Close.TOO_SLOW)
                return
            if self._written(subscriber, channel.message(subscriber.position, feed.cursor)):
                subscriber.position = channel.last
        # One that has polled beyond this feed's position waits for its heartbeat.
        ready = subscriber.due and subscriber.position <= feed.position.seq and not subscriber.blocked
        if ready and self._written(subscriber, channel.heartbeat(feed.cursor)):
            subscriber.due = False

    def _written(self, subscriber: Subscriber, message: bytes) -> bool:
        assert self._loop is not None
        subscriber.spoke_at = self._loop.time()
        subscriber.blocked = not subscriber.line.write(message)
        return not subscriber.blocked

    def _unblock(self, subscriber: Subscriber) -> None:
        """Its socket accepts messages again."""
        subscriber.blocked = False
        self._queue(subscriber)

    async def _tick(self) -> None:
        """Once a second: close expired subscribers, send due heartbeats, and poll for events."""
        await asyncio.sleep(TICK_S)
        assert self._loop is not None
        checked_at = to_us(now())
        since = (self._checked_us or checked_at) - _LOOK_BACK_US
        revoked = set(await self._database.read(lambda transaction: sessions.revoked_since(transaction, since)))
        if revoked:
            self._services.verified.forget_sessions(revoked)
        self._checked_us = checked_at
        access, wall, quiet_since = self._services.access, time.time(), self._loop.time() - HEARTBEAT_S + TICK_S
        for feed in list(self._feeds.values()):
            for channel in list(feed.channels.values()):
                for subscriber in list(channel.subscribers):
                    verified = subscriber.verified
                    if access.ends_at(verified) <= wall or verified.principal.session_id in revoked:
                        self.end(subscriber, Close.SIGNED_OUT)
                    elif subscriber.spoke_at <= quiet_since:
                        self.beat(subscriber)
                channel.forget()
        self._happened.set()
