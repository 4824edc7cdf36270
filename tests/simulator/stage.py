"""A station and clients in memory, under a clock that the test turns by hand.

The client is no state machine of the project: it searches, acknowledges, keeps order and opens
records with the codecs, so that a test can say exactly which datagrams go where.
"""

import random
from collections import Counter
from dataclasses import dataclass, field

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire import crypto
from custom_components.eufy_local.eufy.wire.datagram import (
    DatagramType,
    decode_ack,
    decode_data,
    decode_datagram,
    encode_ack,
    encode_data,
    encode_datagram,
    encode_lan_search,
    encode_punch,
)
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.envelopes import Command
from custom_components.eufy_local.eufy.wire.handshake import (
    CipherKey,
    ConnectionReply,
    LinkKeys,
    decode_connection_reply,
    encode_connection_request,
    unwrap_link_keys,
)
from custom_components.eufy_local.eufy.wire.media import (
    AudioFrame,
    MediaDecoder,
    StreamKey,
    VideoFrame,
)
from custom_components.eufy_local.eufy.wire.record import Record, RecordReader
from custom_components.eufy_local.eufy.wire.sealing import OpenedRecord, Sealer, open_record
from simulator import identity
from simulator.clip import AccessUnit, Clip, silence
from simulator.families import FAMILIES
from simulator.faults import Faults
from simulator.home import CameraSpec, Home
from simulator.station.core import StationCore
from simulator.station.disk import render
from simulator.synthetic import synthetic_clip

EPOCH = 1_790_000_000.0
STEP = 0.01
ECC = StreamKey(identity.p256(5, "media"))
RSA = StreamKey(identity.rsa_key(5, "media"))


def heavy_clip(size: int, key_every: int = 15) -> Clip:
    """Frames of so many bytes that are no pictures, but look like H.264 from outside."""
    rng = random.Random(size)
    units = []
    for number in range(key_every):
        head = b"\0\0\0\1\x65" if number == 0 else b"\0\0\0\1\x41"
        units.append(
            AccessUnit(head + bytes(rng.randrange(1, 256) for _ in range(size)), number == 0)
        )
    return Clip("heavy", "h264", 3840, 2160, 15.0, tuple(units), silence(key_every / 15))


@dataclass
class Client:
    """One address that talks to the station."""

    stage: Stage
    address: tuple[str, int]
    acks: bool = True
    link: int = 0
    inbox: list[bytes] = field(default_factory=list)
    records: list[tuple[int, Record]] = field(default_factory=list)
    kinds: Counter[int] = field(default_factory=Counter)
    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    reply: ConnectionReply | None = None
    keys: LinkKeys | None = None
    closed: bool = False
    retransmit: bool = True

    def __post_init__(self) -> None:
        self._expected: Counter[int] = Counter()
        self._early: dict[tuple[int, int], bytes] = {}
        self._readers = {channel: RecordReader() for channel in range(4)}
        self._sent: dict[tuple[int, int], tuple[bytes, float]] = {}
        self._next: Counter[int] = Counter()
        self._sealer: Sealer | None = None
        self._nonces = 0

    # --- datagrams ----------------------------------------------------------------------

    def search(self, *, padding: bool = False) -> None:
        self.stage.core.receive_search(
            encode_lan_search(padding=padding), self.address, self.stage.now
        )
        self.stage.flush()

    def send(self, datagram: bytes) -> None:
        self.stage.core.receive(self.link, datagram, self.address, self.stage.now)
        self.stage.flush()

    def take(self, link: int, data: bytes) -> None:
        self.inbox.append(data)
        try:
            datagram = decode_datagram(data)
        except WireError:
            return
        self.kinds[datagram.type] += 1
        match datagram.type:
            case DatagramType.PUNCH_PKT:
                if link:
                    self.link = link
            case DatagramType.ALIVE:
                self.send(encode_datagram(DatagramType.ALIVE_ACK))
            case DatagramType.CLOSE:
                self.closed = True
            case DatagramType.ACK:
                ack = decode_ack(datagram.payload)
                for index in ack.indices:
                    self.acknowledged.append((ack.channel, index))
                    self._sent.pop((ack.channel, index), None)
            case DatagramType.DATA:
                chunk = decode_data(datagram.payload)
                if self.acks:
                    self.send(encode_ack(chunk.channel, [chunk.index]))
                self._arrived(chunk.channel, chunk.index, bytes(chunk.chunk))

    def _arrived(self, channel: int, index: int, chunk: bytes) -> None:
        if (index - self._expected[channel]) % 0x10000 < 0x8000:
            self._early[channel, index] = chunk
        while (piece := self._early.pop((channel, self._expected[channel]), None)) is not None:
            self._expected[channel] = (self._expected[channel] + 1) % 0x10000
            for record in self._readers[channel].feed(piece):
                self.records.append((channel, record))

    def tick(self) -> None:
        if not self.retransmit:
            return
        for key, (datagram, sent) in list(self._sent.items()):
            if self.stage.now - sent >= 0.2 and key in self._sent:
                self._sent[key] = (datagram, self.stage.now)
                self.send(datagram)

    def put(self, record: bytes, channel: int = 0) -> None:
        """Send a whole record as the next DATA datagram."""
        index = self._next[channel]
        self._next[channel] = (index + 1) % 0x10000
        datagram = encode_data(channel, index, record)
        self._sent[channel, index] = (datagram, self.stage.now)
        self.send(datagram)

    # --- records ------------------------------------------------------------------------

    def punch(self, did: str | None = None) -> None:
        self.send(encode_punch(Did.parse(did or self.stage.core.spec.did)))

    def connect(self, *, cipher: CipherKey | None = None) -> Client:
        """Search until there is an answer, punch, init, unwrap the link key."""
        for _ in range(6):
            self.search()
            if self.link:
                break
            self.stage.run(1.0)
        assert self.link, "the station does not answer"
        self.punch()
        self.put(encode_connection_request())
        self.stage.run(0.5)
        spec = self.stage.core.spec
        static = crypto.static_key(spec.serial, Did.parse(spec.did))
        answers = [record for channel, record in self.records if record.command == 1100]
        assert len(answers) == 1
        self.reply = decode_connection_reply(answers[0], static)
        if cipher is None and self.reply.cipher_id:
            pair = self.stage.home.cipher(self.reply.cipher_id)
            cipher = CipherKey(
                pair.cipher_id, pair.owner_id, Secret(pair.rsa_private), Secret(pair.ecc_private)
            )
        self.keys = unwrap_link_keys(self.reply, cipher, static)
        self._sealer = Sealer(self.keys)
        return self

    def command(self, command: Command, *, run: float = 0.2) -> None:
        """Seal and send a command, then let time pass."""
        assert self._sealer is not None
        self._nonces += 1
        self.put(self._sealer.seal(command, self._nonces.to_bytes(12)))
        self.stage.run(run)

    def ping(self) -> None:
        assert self._sealer is not None
        self.put(self._sealer.ping())

    def opened(self) -> list[OpenedRecord]:
        """Everything but media and the handshake, in the clear."""
        assert self.keys is not None
        skipped = {1100, 1300, 1301}
        return [
            open_record(record, self.keys)
            for _, record in self.records
            if record.command not in skipped
        ]

    def results(self) -> list[tuple[int, int]]:
        """(record type, code) of every receipt so far."""
        return [(item.command, item.code) for item in self.opened() if item.receipt]

    def contents(self, command: int) -> list[OpenedRecord]:
        """Records of a type that carry content."""
        return [item for item in self.opened() if item.command == command and not item.receipt]

    def media(self, key: StreamKey, channel: int | None = None) -> Frames:
        """What a stream key opens of the media records so far."""
        decoder = MediaDecoder(key, channel)
        frames = [
            frame
            for _, record in self.records
            if record.command in {1300, 1301} and (frame := decoder.decode(record)) is not None
        ]
        return Frames(
            [frame for frame in frames if isinstance(frame, VideoFrame)],
            [frame for frame in frames if isinstance(frame, AudioFrame)],
        )


@dataclass(frozen=True)
class Frames:
    video: list[VideoFrame]
    audio: list[AudioFrame]


class Stage:
    """A station under a clock; `run` lets time pass."""

    def __init__(
        self, family: str = "homebase3", *, faults: Faults | None = None, seed: int = 1
    ) -> None:
        self.home = Home.of_families([family], seed)
        if family == "homebase3":
            self.home = Home.demo(seed)
        assert self.home.stations[0].family == FAMILIES[family]
        self.now = 100.0
        self.clients: dict[tuple[str, int], Client] = {}
        self.stray = 0
        self.core = StationCore(
            self.home,
            self.home.stations[0],
            self.clip,
            faults=faults,
            epoch=EPOCH,
            now=self.now,
        )
        self._flushing = False

    @property
    def owner(self) -> str:
        return self.home.account.user_id

    @property
    def camera(self) -> CameraSpec:
        return self.core.spec.cameras[0]

    def clip(self, camera: CameraSpec) -> Clip:
        return synthetic_clip(camera.scene_number, name=camera.name)

    def client(self, port: int = 40000) -> Client:
        address = ("127.0.0.1", port)
        client = Client(self, address)
        self.clients[address] = client
        return client

    def flush(self) -> None:
        """Carry datagrams until nothing moves; an answer may lead to the next one."""
        if self._flushing:
            return
        self._flushing = True
        while out := self.core.outgoing(self.now):
            for item in out:
                client = self.clients.get(item.address)
                if client is None:
                    self.stray += 1
                else:
                    client.take(item.link, item.data)
        for job in self.core.desk.disk.take_jobs():
            clip = self.core.desk.scenes[job.channel].clip
            self.core.desk.disk.put(job, render(job, clip))
        self._flushing = False
        self.core.take_closed()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self.now < end - 1e-9:
            due = self.core.next_timer()
            step = self.now + STEP if due is None else max(self.now + 1e-4, due)
            self.now = min(end, self.now + STEP, step)
            self.core.handle_timer(self.now)
            self.flush()
            for client in self.clients.values():
                client.tick()
            self.flush()
