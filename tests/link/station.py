"""A scripted station without sockets or clock, and a network that loses, doubles and reorders.

Written from the protocol sheet only (protocol/p2p.md §5); it shares the codecs with the client but
none of its state machines. Deterministic: every random choice comes from a seeded generator.
"""

import heapq
import json
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.link.session import Session
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire import crypto
from custom_components.eufy_local.eufy.wire import station as wire_station
from custom_components.eufy_local.eufy.wire.datagram import (
    decode_ack,
    decode_data,
    decode_datagram,
    encode_ack,
    encode_data,
    encode_datagram,
    encode_punch,
    encode_ready,
)
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.handshake import (
    CipherKey,
    LinkGrade,
    LinkKeys,
    encode_gcm_reply,
    encode_keyless_reply,
    encode_rsa_reply,
    static_link_keys,
)
from custom_components.eufy_local.eufy.wire.record import Record, RecordReader, encode_record
from custom_components.eufy_local.eufy.wire.sealing import Protection

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "p2p.json").read_text())
KEYS = VECTORS["keys"]
SERIAL = VECTORS["identities"]["station_serial"]
DID = Did.parse(VECTORS["identities"]["station_did"])
OTHER_DID = Did.parse(VECTORS["identities"]["solo_did"])
ACCOUNT = VECTORS["identities"]["owner_account_id"]
STATIC = crypto.static_key(SERIAL, DID)
CIPHER_ID = 40
CIPHER = CipherKey(
    CIPHER_ID,
    ACCOUNT,
    Secret(KEYS["cipher_rsa_private_pkcs8_base64"]),
    Secret(KEYS["cipher_ecc_private_hex"]),
)
LINK_KEY = KEYS["gcm_link_key_ascii"].encode()
RSA_KEY = KEYS["rsa_link_key_ascii"].encode()
REPEAT = 0.12

type Endpoint = tuple[str, int]
type Sent = list[tuple[bytes, Endpoint]]

STATION_ADDR = ("192.168.1.20", 23456)
CLIENT_ADDR = ("192.168.1.5", 40000)


@dataclass
class _Waiting:
    datagram: bytes
    due: float
    tries: int = 0


@dataclass
class Script:
    """How the station behaves."""

    grade: LinkGrade | None = LinkGrade.GCM
    ready: bool = True
    answer_init: bool = True
    init_body: bytes | None = None
    cipher_id: int = CIPHER_ID
    ack: bool = True
    ack_reads_first_only: bool = False
    answer_commands: bool = True
    results: dict[int, list[int]] = field(default_factory=dict)
    stall: dict[int, float] = field(default_factory=dict)
    receipt_size: int = 132
    query: bytes = b""
    """How a parameter query must begin to be answered; the result and the dump stay away else."""
    dump: dict[str, str] = field(default_factory=lambda: {"1224": "63", "1151": "63"})
    protection: Protection | None = None
    ignore_searches: int = 0
    init_index: dict[int, int] = field(default_factory=dict)
    alive: bool = True
    did: Did = DID


class FakeStation:
    def __init__(self, script: Script | None = None, seed: int = 1) -> None:
        self.script = script or Script()
        self.rng = random.Random(seed)
        self.client: Endpoint | None = None
        self.requests: list[wire_station.Request] = []
        self.init_count = 0
        self.ack_sizes: list[int] = []
        self.received: list[int] = []
        self.sent = 0
        self.repeats = 0
        self.rejected = 0
        self.closed = 0
        self.out: Sent = []
        self._later: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0
        self._reset()

    def _reset(self) -> None:
        self.keys: LinkKeys = static_link_keys(STATIC)
        self.indices: dict[tuple[int, int], bytes] = {}
        self.next_index = dict(self.script.init_index)
        self.waiting: dict[tuple[int, int], _Waiting] = {}
        self.expected: dict[int, int] = {}
        self.early: dict[int, dict[int, bytes]] = {}
        self.readers: dict[int, RecordReader] = {}
        self.busy_until = 0.0

    # --- datagrams in ---

    def search(self, data: bytes, addr: Endpoint, now: float) -> Sent:
        """What arrives at port 32108; the answer leaves from the link port."""
        type_, _ = decode_datagram(data)
        if type_ != 0x30 or not self.script.alive:
            return []
        if self.script.ignore_searches:
            self.script.ignore_searches -= 1
            return []
        return [(encode_punch(self.script.did), addr)]

    def receive(self, data: bytes, addr: Endpoint, now: float) -> Sent:
        """What arrives at the link port."""
        if not self.script.alive:
            return []
        self.out = []
        type_, payload = decode_datagram(data)
        self.received.append(type_)
        if type_ == 0x41 and Did.from_bytes(payload) == self.script.did:
            if addr != self.client:
                self.client = addr
                self._reset()
            if self.script.ready:
                self.out.append((encode_ready(self.script.did), addr))
        elif addr == self.client:
            self._from_client(type_, payload, now)
        return self.out

    def _from_client(self, type_: int, payload: memoryview, now: float) -> None:
        if type_ == 0xE0:
            self._send(encode_datagram(0xE1))
        elif type_ == 0xF0:
            self.client = None
            self.closed += 1
        elif type_ == 0xD1:
            ack = decode_ack(payload)
            channel, indices = ack.channel, ack.indices
            self.ack_sizes.append(len(indices))
            for index in indices[: 1 if self.script.ack_reads_first_only else None]:
                self.waiting.pop((channel, index), None)
        elif type_ == 0xD0:
            data = decode_data(payload)
            channel, index, chunk = data.channel, data.index, data.chunk
            old = self.indices.setdefault((channel, index), bytes(chunk))
            if self.script.ack:
                self._send(encode_ack(channel, [index]))
            assert old == bytes(chunk), "an index was used for other bytes"
            self._order(channel, index, bytes(chunk), now)

    def _order(self, channel: int, index: int, chunk: bytes, now: float) -> None:
        early = self.early.setdefault(channel, {})
        expected = self.expected.setdefault(channel, 0)
        if (index - expected) & 0xFFFF >= 0x8000:
            return
        early[index] = chunk
        reader = self.readers.setdefault(channel, RecordReader())
        while (chunk_now := early.pop(self.expected[channel], None)) is not None:
            self.expected[channel] = (self.expected[channel] + 1) & 0xFFFF
            for record in reader.feed(chunk_now):
                self._record(record, now)

    # --- records ---

    def _record(self, record: Record, now: float) -> None:
        if record.command == 1100:
            self.init_count += 1
            if self.script.answer_init:
                self._init(now)
            return
        try:
            request = wire_station.open_request(record, self.keys)
        except WireError:
            self.rejected += 1
            return
        self.requests.append(request)
        if request.command == 1139 or not self.script.answer_commands:
            return
        if request.command == 1103 and not request.plaintext.startswith(self.script.query):
            return
        begin = max(now, self.busy_until)
        self.busy_until = begin + self.script.stall.get(request.command, 0.0)
        self.at(self.busy_until, lambda later: self._answer(request, later))

    def _init(self, now: float) -> None:
        script = self.script
        if script.init_body is not None:
            self.send_record(2, script.init_body, now)
            return
        if script.grade is LinkGrade.GCM:
            private = crypto.load_ecc_private(KEYS["cipher_ecc_private_hex"])
            reply = encode_gcm_reply(
                STATIC,
                script.cipher_id,
                private.public_key(),
                LINK_KEY,
                ephemeral=ec.derive_private_key(self.rng.getrandbits(200) + 1, ec.SECP256R1()),
                iv=self.rng.randbytes(16),
            )
            self.send_record(2, reply, now)
            self.keys = LinkKeys(STATIC, LinkGrade.GCM, gcm=LINK_KEY)
        elif script.grade is LinkGrade.RSA:
            private_rsa = crypto.load_rsa_private(KEYS["cipher_rsa_private_pkcs8_base64"])
            reply = encode_rsa_reply(
                STATIC,
                script.cipher_id,
                private_rsa.public_key(),
                RSA_KEY,
                self.rng.randbytes(128),
                sealed=True,
            )
            self.send_record(2, reply, now)
            self.keys = LinkKeys(STATIC, LinkGrade.RSA, rsa=RSA_KEY)
        elif script.grade is LinkGrade.STATIC:
            self.send_record(2, encode_keyless_reply(), now)

    def _answer(self, request: wire_station.Request, now: float) -> None:
        codes = self.script.results.get(request.command)
        code = codes.pop(0) if codes else 0
        if self.keys.gcm is not None and request.protection is Protection.GCM:
            receipt = wire_station.encode_receipt(
                request.command, code, size=self.script.receipt_size
            )
        elif request.protection is Protection.STATIC:
            receipt = wire_station.encode_result(
                request.command, code, keys=self.keys, protection=Protection.STATIC, size=16
            )
        else:
            receipt = wire_station.encode_result(request.command, code)
        self.send_record(0, receipt, now)
        if request.command == 1103 and code == 0:
            self.notify(1103, self.dump(), now)

    def dump(self) -> dict[str, object]:
        return {
            "params": [
                {"dev_type": 255, "param_type": int(key), "param_value": value}
                for key, value in self.script.dump.items()
            ],
            "main_sw_version": "3.8.6.0",
        }

    def notify(
        self,
        command: int,
        value: object,
        now: float,
        *,
        channel: int = 2,
        protection: Protection | None = None,
    ) -> bytes:
        """Send a JSON record; returns its bytes, so that a test can replay them."""
        record = wire_station.encode_json_notice(
            command,
            value,
            keys=self.keys,
            protection=protection or self._protection(),
            nonce=self.rng.randbytes(12),
        )
        self.send_record(channel, record, now)
        return record

    def report(self, mode: int, now: float, protection: Protection | None = None) -> bytes:
        """Send a guard-mode report (1151)."""
        record = wire_station.encode_notice(
            1151,
            struct.pack("<Q", mode),
            keys=self.keys,
            protection=protection or self._protection(),
            nonce=self.rng.randbytes(12),
        )
        self.send_record(2, record, now)
        return record

    def _protection(self) -> Protection:
        if self.script.protection is not None:
            return self.script.protection
        return Protection.GCM if self.keys.gcm is not None else Protection.STATIC

    def video(self, body: bytes, now: float, *, channel: int = 1) -> None:
        self.send_record(channel, encode_record(1300, bytes([1, 0, 0, 0, 10, 0]), body), now)

    # --- datagrams out ---

    def send_record(self, channel: int, record: bytes, now: float, chunk: int = 1024) -> None:
        for start in range(0, len(record), chunk):
            self.send_chunk(channel, record[start : start + chunk], now)

    def send_chunk(self, channel: int, chunk: bytes, now: float) -> None:
        index = self.next_index.get(channel, 0)
        self.next_index[channel] = (index + 1) & 0xFFFF
        datagram = encode_data(channel, index, chunk)
        self.waiting[channel, index] = _Waiting(datagram, now + REPEAT)
        self._send(datagram)

    def _send(self, datagram: bytes) -> None:
        if self.client is not None:
            self.sent += 1
            self.out.append((datagram, self.client))

    def close_link(self) -> Sent:
        self.out = []
        self._send(encode_datagram(0xF0))
        self.client = None
        return self.out

    def at(self, when: float, action: Callable[[float], None]) -> None:
        self._count += 1
        heapq.heappush(self._later, (when, self._count, action))

    def tick(self, now: float) -> Sent:
        """Do what is due: late answers and retransmissions."""
        self.out = []
        while self._later and self._later[0][0] <= now:
            heapq.heappop(self._later)[2](now)
        if self.script.alive:
            for entry in self.waiting.values():
                if entry.due <= now:
                    entry.due = now + REPEAT
                    entry.tries += 1
                    self.repeats += 1
                    self._send(entry.datagram)
        return self.out


@dataclass
class Faults:
    loss: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    drop: Callable[[bytes], bool] = lambda _: False


class Network:
    """Runs a session against a station in virtual time."""

    def __init__(
        self,
        session: Session,
        station: FakeStation,
        faults: Faults | None = None,
        seed: int = 7,
        delay: float = 0.001,
    ) -> None:
        self.session = session
        self.station = station
        self.faults = faults or Faults()
        self.rng = random.Random(seed)
        self.delay = delay
        self.now = 1000.0
        self.events: list[object] = []
        self.to_others: Sent = []
        self._queue: list[tuple[float, int, bool, bytes, Endpoint]] = []
        self._count = 0
        self.on_event: Callable[[object], None] = lambda _: None

    def search(self, seconds: float = 10.0, *, broadcast: bool = False) -> None:
        known = [] if broadcast else [(STATION_ADDR[0], 32108)]
        self.session.connection.start_search(
            self.now, known, [("192.168.1.255", 32108)], seconds=seconds
        )
        self._collect()

    def inject(self, data: bytes, addr: Endpoint = STATION_ADDR) -> None:
        """Hand a datagram to the client as if it came from `addr`."""
        self._push(self.now, to_client=True, data=data, addr=addr)

    def station_sends(self) -> None:
        """Put what the station has produced outside of `receive` on the wire."""
        for data, _ in self.station.out:
            self._transmit(data, STATION_ADDR, to_client=True)
        self.station.out = []

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass; True when `until` came true."""
        end = self.now + seconds
        while not until():
            due = [end, self.now + 0.05]
            if self._queue:
                due.append(self._queue[0][0])
            timer = self.session.next_timer()
            if timer is not None:
                due.append(timer)
            self.now = max(self.now, min(due))
            if self.now >= end and not (self._queue and self._queue[0][0] <= end):
                self._timers()
                return until()
            while self._queue and self._queue[0][0] <= self.now:
                _, _, to_client, data, addr = heapq.heappop(self._queue)
                if to_client:
                    self.session.connection.receive_datagram(data, addr, self.now)
                    self.session.pump(self.now)
                else:
                    self._to_station(data, addr)
                self._collect()
            self._timers()
        return True

    def run_fast(self, seconds: float) -> None:
        """Let hours pass: steps only where something is due."""
        end = self.now + seconds
        while self.now < end and not self.session.is_closed:
            due = [end]
            if self._queue:
                due.append(self._queue[0][0])
            timer = self.session.next_timer()
            if timer is not None:
                due.append(timer)
            self.now = max(self.now, min(due))
            while self._queue and self._queue[0][0] <= self.now:
                _, _, to_client, data, addr = heapq.heappop(self._queue)
                if to_client:
                    self.session.connection.receive_datagram(data, addr, self.now)
                    self.session.pump(self.now)
                else:
                    self._to_station(data, addr)
                self._collect()
            self._timers()

    def _timers(self) -> None:
        timer = self.session.next_timer()
        if timer is not None and timer <= self.now:
            self.session.handle_timer(self.now)
        for data, _ in self.station.tick(self.now):
            self._transmit(data, STATION_ADDR, to_client=True)
        self._collect()

    def _to_station(self, data: bytes, addr: Endpoint) -> None:
        if addr[1] == 32108:
            answers = self.station.search(data, CLIENT_ADDR, self.now)
        elif addr == STATION_ADDR:
            answers = self.station.receive(data, CLIENT_ADDR, self.now)
        else:
            self.to_others.append((data, addr))
            answers = []
        for answer, _ in answers:
            self._transmit(answer, STATION_ADDR, to_client=True)
        for answer, _ in self.station.tick(self.now):
            self._transmit(answer, STATION_ADDR, to_client=True)

    def _collect(self) -> None:
        while (event := self.session.next_event()) is not None:
            self.events.append(event)
            self.on_event(event)
        for data, addr in self.session.connection.datagrams_to_send():
            self._transmit(data, addr, to_client=False)

    def _transmit(self, data: bytes, addr: Endpoint, *, to_client: bool) -> None:
        if self.faults.drop(data) or self.rng.random() < self.faults.loss:
            return
        delay = self.delay
        if self.rng.random() < self.faults.reorder:
            delay += self.rng.uniform(0.0, 0.02)
        self._push(self.now + delay, to_client=to_client, data=data, addr=addr)
        if self.rng.random() < self.faults.duplicate:
            self._push(self.now + delay + 0.002, to_client=to_client, data=data, addr=addr)

    def _push(self, when: float, *, to_client: bool, data: bytes, addr: Endpoint) -> None:
        self._count += 1
        heapq.heappush(self._queue, (when, self._count, to_client, data, addr))

    def of[T](self, kind: type[T]) -> list[T]:
        """Events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]
