"""Whole exchanges of protocol/vectors/p2p.json: what the client sends must match byte for byte.

Commands are read back out of the expected datagrams, so that the order, indices, counters,
sequence numbers and ciphers of the link are what is compared. ACK placement is free.
"""

import pytest

from custom_components.eufy_local.eufy.link.connection import Connection
from custom_components.eufy_local.eufy.link.events import (
    CommandDone,
    CommandFailed,
    KeyNeeded,
    RecordOpened,
)
from custom_components.eufy_local.eufy.link.handshake import Secured
from custom_components.eufy_local.eufy.link.policy import LinkPolicy
from custom_components.eufy_local.eufy.link.session import Session
from custom_components.eufy_local.eufy.wire import station as wire_station
from custom_components.eufy_local.eufy.wire.crypto import NONCE_SIZE, TAG_SIZE
from custom_components.eufy_local.eufy.wire.datagram import (
    decode_ack,
    decode_data,
    decode_datagram,
)
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade, LinkKeys
from custom_components.eufy_local.eufy.wire.record import HEADER_SIZE, Record, decode_record

from .station import CIPHER, DID, LINK_KEY, RSA_KEY, STATIC, STATION_ADDR, VECTORS

TRANSCRIPTS = ["hb3_gcm", "hb3_gcm_ecc_face", "rsa_level2"]


class Replay:
    """A client fed with a transcript's station side."""

    def __init__(self, name: str) -> None:
        self.steps = VECTORS["transcripts"][name]
        keys = LinkKeys(STATIC, LinkGrade.GCM, gcm=LINK_KEY)
        if name == "rsa_level2":
            keys = LinkKeys(STATIC, LinkGrade.RSA, rsa=RSA_KEY)
        self.keys = keys
        self.nonce = b""
        self.media: list[Record] = []
        self.session = Session(
            Connection(DID),
            STATIC,
            nonce=lambda: self.nonce,
            policy=LinkPolicy(probe=False),
            media=self.media.append,
        )
        self.now = 100.0
        # The report under the static key would cause a read, which the transcript does not have.
        self.session._hint_read = self.now
        self.sent: list[bytes] = []
        self.events: list[object] = []
        self.acked: set[tuple[int, int]] = set()
        self.due: set[tuple[int, int]] = set()

    def run(self) -> None:
        self.session.connection.start_search(self.now, [(STATION_ADDR[0], 32108)])
        self.collect()
        for step in self.steps:
            self.now += 0.001
            data = bytes.fromhex(step["hex"])
            type_, payload = data[1], decode_datagram(data).payload
            if step["dir"] == "station->client":
                if type_ == 0xD0:
                    chunk = decode_data(payload)
                    self.due.add((chunk.channel, chunk.index))
                self.session.connection.receive_datagram(data, STATION_ADDR, self.now)
                self.session.pump(self.now)
            elif type_ == 0xD0:
                self.expect(data)
            self.collect()

    def expect(self, data: bytes) -> None:
        """Make the client send what the transcript's client sends here."""
        record = decode_record(bytes(decode_data(decode_datagram(data).payload).chunk))
        if record.command != 1100:
            if record.version == 8:
                self.nonce = record.body[TAG_SIZE : TAG_SIZE + NONCE_SIZE]
            command = wire_station.open_request(record, self.keys).parse()
            self.session.submit(command, self.now)
        self.collect()
        assert data in self.sent, record.command

    def collect(self) -> None:
        while (event := self.session.next_event()) is not None:
            self.events.append(event)
            if isinstance(event, KeyNeeded):
                self.session.provide_key(CIPHER, self.now)
        for data, addr in self.session.connection.datagrams_to_send():
            if data[1] == 0xD1:
                ack = decode_ack(decode_datagram(data).payload)
                self.acked.update((ack.channel, index) for index in ack.indices)
            else:
                assert addr[0] == STATION_ADDR[0]
            self.sent.append(data)

    def of[T](self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_client_says_what_the_transcript_says(name: str) -> None:
    replay = Replay(name)
    replay.run()
    expected = [
        bytes.fromhex(step["hex"])
        for step in replay.steps
        if step["dir"] == "client->station" and step["hex"].startswith("f1d0")
    ]
    assert [data for data in replay.sent if data[1] == 0xD0] == expected
    assert all(len(data) >= HEADER_SIZE for data in expected)
    (secured,) = replay.of(Secured)
    assert secured.grade is replay.keys.grade
    assert replay.acked == replay.due
    assert replay.of(CommandFailed) == []
    assert {event.code for event in replay.of(CommandDone)} == {0}
    assert replay.session.refused == 0


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_everything_the_station_says_is_taken(name: str) -> None:
    replay = Replay(name)
    replay.run()
    received = [event.record for event in replay.of(RecordOpened)]
    assert {1103, 1151} <= {r.command for r in received if not r.receipt} | (
        {1151} if name == "hb3_gcm_ecc_face" else set()
    )
    assert replay.media
    if name.startswith("hb3"):
        assert all(r.authenticated for r in received if not r.receipt)
