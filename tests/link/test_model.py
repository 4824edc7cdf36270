"""A machine that mixes genuine, doubled, reordered, forged, replayed and changed frames.

Whatever it does, three things hold: the guard mode that an owner would be shown is the last one the
station proved, memory stays within the budget, and nobody but the station is ever sent anything.
"""

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from custom_components.eufy_local.eufy.link.budget import MIB
from custom_components.eufy_local.eufy.link.connection import Connection
from custom_components.eufy_local.eufy.link.events import KeyNeeded, RecordOpened
from custom_components.eufy_local.eufy.link.policy import LinkPolicy
from custom_components.eufy_local.eufy.link.session import Session
from custom_components.eufy_local.eufy.wire import station as wire_station
from custom_components.eufy_local.eufy.wire.datagram import encode_data, encode_datagram
from custom_components.eufy_local.eufy.wire.handshake import encode_keyless_reply
from custom_components.eufy_local.eufy.wire.notify import GuardModeReport, decode_notification
from custom_components.eufy_local.eufy.wire.record import encode_record
from custom_components.eufy_local.eufy.wire.sealing import Protection

from .station import CIPHER, DID, STATIC, STATION_ADDR, FakeStation, Network

OTHERS = [("192.168.1.66", 5000), (STATION_ADDR[0], 9), ("34.1.2.3", 32100)]
MODES = st.sampled_from([0, 1, 3, 47, 63])


class Frames(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 2**16))
    def connect(self, seed: int) -> None:
        nonces = random.Random(seed)
        self.session = Session(
            Connection(DID),
            STATIC,
            nonce=lambda: nonces.randbytes(12),
            policy=LinkPolicy(probe=False),
        )
        self.station = FakeStation(seed=seed)
        self.network = Network(self.session, self.station)
        self.network.on_event = self.on_event
        self.shown: int | None = None
        self.truth: int | None = None
        self.records: list[bytes] = []
        self.datagrams: list[bytes] = []
        self.network.search()
        assert self.network.run(5.0, lambda: self.session.secured)

    def on_event(self, event: object) -> None:
        if isinstance(event, KeyNeeded):
            self.session.provide_key(CIPHER, self.network.now)
        elif isinstance(event, RecordOpened) and event.record.authenticated:
            # What the facade does: only proven reports change what is shown.
            notification = decode_notification(event.record)
            if isinstance(notification, GuardModeReport):
                self.shown = int(notification.mode)

    def deliver(self) -> None:
        self.datagrams.extend(data for data, _ in self.station.out)
        self.network.station_sends()
        self.network.run(0.2)

    @rule(mode=MODES)
    def genuine(self, mode: int) -> None:
        self.records.append(self.station.report(mode, self.network.now))
        self.truth = mode
        self.deliver()

    @rule(modes=st.lists(MODES, min_size=2, max_size=4), order=st.randoms(use_true_random=False))
    def genuine_reordered(self, modes: list[int], order: random.Random) -> None:
        for mode in modes:
            self.records.append(self.station.report(mode, self.network.now))
            self.truth = mode
        self.datagrams.extend(data for data, _ in self.station.out)
        order.shuffle(self.station.out)
        self.deliver()

    @rule(pick=st.randoms(use_true_random=False))
    def doubled(self, pick: random.Random) -> None:
        if self.datagrams:
            self.network.inject(pick.choice(self.datagrams))
            self.network.run(0.1)

    @rule(pick=st.randoms(use_true_random=False), times=st.integers(1, 5))
    def replayed(self, pick: random.Random, times: int) -> None:
        for _ in range(times if self.records else 0):
            self.station.send_record(2, pick.choice(self.records), self.network.now)
        self.deliver()

    @rule(mode=MODES, protection=st.sampled_from([Protection.STATIC, Protection.CLEAR]))
    def forged(self, mode: int, protection: Protection) -> None:
        self.station.report(mode, self.network.now, protection)
        self.deliver()

    @rule(pick=st.randoms(use_true_random=False))
    def changed(self, pick: random.Random) -> None:
        if self.records:
            record = bytearray(pick.choice(self.records))
            record[pick.randrange(16, len(record))] ^= 1 << pick.randrange(8)
            self.station.send_record(2, bytes(record), self.network.now)
            self.deliver()

    @rule(mode=MODES, flag=st.sampled_from([0, 1]))
    def forged_receipt(self, mode: int, flag: int) -> None:
        body = bytes([mode]) + bytes(131)
        record = encode_record(1151, bytes([8, 0, 255, 0, flag, 0]), body)
        self.station.send_record(2, record, self.network.now)
        self.deliver()

    @rule()
    def downgraded(self) -> None:
        self.station.send_record(2, encode_keyless_reply(), self.network.now)
        self.deliver()

    @rule(data=st.binary(max_size=200), other=st.sampled_from(OTHERS))
    def from_strangers(self, data: bytes, other: tuple[str, int]) -> None:
        self.network.inject(data, other)
        self.network.inject(encode_datagram(0xE0), other)
        self.network.inject(encode_data(2, 0, data), other)
        self.network.run(0.1)

    @rule(seconds=st.floats(0.1, 4.0))
    def time_passes(self, seconds: float) -> None:
        self.network.run(seconds)

    @rule(data=st.binary(min_size=1, max_size=300))
    def rubbish_in_the_stream(self, data: bytes) -> None:
        # Rubbish that begins like a record swallows what follows: the stream has no checksums.
        self.station.send_record(2, data.replace(b"X", b"."), self.network.now)
        self.station.send_record(2, wire_station.encode_receipt(1), self.network.now)
        self.deliver()

    @invariant()
    def shown_is_the_last_proven(self) -> None:
        if hasattr(self, "network"):
            assert self.shown == self.truth

    @invariant()
    def memory_is_bounded(self) -> None:
        if hasattr(self, "network"):
            assert self.session.connection._receiver.held < 16 * MIB

    @invariant()
    def nobody_else_is_talked_to(self) -> None:
        if hasattr(self, "network"):
            assert self.network.to_others == []
            assert not self.session.is_closed


TestFrames = Frames.TestCase
TestFrames.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
