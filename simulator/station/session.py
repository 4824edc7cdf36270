"""The secure side of one link: handshake, the serial command queue, receipts, notices.

protocol/p2p-crypto.md §3 to §7, p2p-commands.md §1.6.
"""

import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import crypto, handshake
from custom_components.eufy_local.eufy.wire import station as wire_station
from custom_components.eufy_local.eufy.wire.datagram import Channel
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.envelopes import STATION_CHANNEL, CommandType
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade, LinkKeys
from custom_components.eufy_local.eufy.wire.record import Record, encode_record
from custom_components.eufy_local.eufy.wire.sealing import Protection
from custom_components.eufy_local.eufy.wire.station import Request

from ..families import Handshake
from ..faults import Answer, Faults, SecondInit
from ..home import Home, StationSpec
from .agenda import Agenda
from .media_keys import printable_key, private_scalar

MAX_QUEUE = 64
"""Commands waiting on one link."""
RSA_BLOB_TRIES = 1000
OVERSIZED = 0x7FFF_FFFF


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command leads to."""

    code: int | None = 0
    """Result; None: silence."""
    after: float = 0.0
    """Seconds until the receipt; the queue waits."""
    then: Callable[[float], None] | None = None
    """Run after the receipt."""


type Handler = Callable[[Session, Request, float], Outcome]


class Session:
    """One client's session; `handle` is the station's command handler."""

    def __init__(
        self,
        home: Home,
        spec: StationSpec,
        *,
        faults: Faults,
        rng: random.Random,
        agenda: Agenda,
        send: Callable[[int, bytes], bool],
        handle: Handler,
        now: float,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self.keys: LinkKeys | None = None
        self.last_ping = now
        self.last_record = now
        """Time of the client's last record: what keeps a battery camera awake."""
        self._home = home
        self._spec = spec
        self._faults = faults
        self._rng = rng
        self._agenda = agenda
        self._send = send
        self._handle = handle
        self._static = crypto.static_key(spec.serial, Did.parse(spec.did))
        self._kind = faults.handshake or spec.family.handshake
        self._asked = False
        self._heard_gcm = False
        self._queue: deque[tuple[Request, Record]] = deque()
        self._busy = False
        self._said_oversized = False

    # --- what comes in ------------------------------------------------------------------

    def receive(self, channel: int, record: Record, now: float) -> None:
        """Take one record of the client."""
        if self._faults.answer_alive_only:
            return
        self.last_record = now
        if record.command == CommandType.CONNECTION_INIT:
            self._init(now)
            return
        if record.command == CommandType.AUDIO:
            self.counters["talk_frames"] += 1
            self._handle_talk(record)
            return
        keys = self.keys or handshake.static_link_keys(self._static, clear=True)
        try:
            request = wire_station.open_request(record, keys)
        except WireError:
            self.counters["not_opened"] += 1
            return
        self.counters[f"command_{record.command}"] += 1
        self.counters[f"sealed_{request.protection}"] += 1
        if request.protection is Protection.GCM:
            self._heard_gcm = True
        if record.command == CommandType.PING:
            self._pinged(now)
            return
        if channel != Channel.DATA:
            self.counters["wrong_channel"] += 1
            return
        if len(self._queue) < MAX_QUEUE:
            self._queue.append((request, record))
        self._next(now)

    talk_sink: Callable[[bytes], None] | None = None

    def _handle_talk(self, record: Record) -> None:
        if self.talk_sink is not None:
            self.talk_sink(record.body[16:])

    def _pinged(self, now: float) -> None:
        self.last_ping = now
        if self._spec.family.receipt_repeats_subheader:
            # A T8170 answers each ping with an empty one (hardware).
            subheader = bytes([1, 0, STATION_CHANNEL, 0, 0, 0])
            self._send(Channel.CONTROL, encode_record(CommandType.PING, subheader))

    def _next(self, now: float) -> None:
        """Work on the next command: strictly one at a time (S11)."""
        while self._queue and not self._busy:
            request, record = self._queue.popleft()
            outcome = self._forced(request) or self._handle(self, request, now)
            delay = outcome.after + self._faults.receipt_after
            if delay <= 0:
                self._settle(request, record, outcome, now)
                continue
            self._busy = True

            def settle(
                at: float,
                request: Request = request,
                record: Record = record,
                outcome: Outcome = outcome,
            ) -> None:
                self._busy = False
                self._settle(request, record, outcome, at)
                self._next(at)

            self._agenda.at(now + delay, settle)

    def _forced(self, request: Request) -> Outcome | None:
        """A fault's answer for this command, if there is one."""
        if not self._faults.answers:
            return None
        answer = self._faults.answers.get(sub_command(request))
        if answer is None:
            return None
        return Outcome(_use(self._faults, sub_command(request), answer), answer.after)

    def _settle(self, request: Request, record: Record, outcome: Outcome, now: float) -> None:
        if outcome.code is not None:
            self._send(Channel.DATA, self._receipt(request, record, outcome.code))
        if outcome.then is not None:
            outcome.then(now)

    def _receipt(self, request: Request, record: Record, code: int) -> bytes:
        family = self._spec.family
        channel = record.channel
        if self.keys is not None and self.keys.grade is LinkGrade.GCM:
            if request.protection is Protection.GCM:
                counter = record.counter if family.receipt_repeats_subheader else None
                return wire_station.encode_receipt(
                    request.command, code, channel=channel, size=family.receipt_size,
                    counter=counter,
                )  # fmt: skip
            return wire_station.encode_result(
                request.command, code, channel=channel, keys=self.keys,
                protection=Protection.STATIC, size=16,
            )  # fmt: skip
        return wire_station.encode_result(request.command, code, channel=channel)

    # --- handshake ----------------------------------------------------------------------

    def _init(self, now: float) -> None:
        self.counters["init"] += 1
        if self._asked:
            if self._faults.second_init is SecondInit.INVALIDATES and self.keys is not None:
                self.keys = handshake.static_link_keys(self._static)
            return
        self._asked = True
        if self._faults.no_reply or self._kind is Handshake.SILENT:
            return
        reply = self._reply()
        self._agenda.at(now + self._faults.reply_after, lambda _: self._answer(reply))

    def _answer(self, reply: bytes) -> None:
        self._send(Channel.CONTROL, reply)

    def _reply(self) -> bytes:
        family = self._spec.family
        cipher_id = self._faults.cipher_id or family.cipher_id or 40
        owner = self._spec.owner_id
        label = "stranger" if self._faults.wrap_for_other_key else owner
        cipher = self._home.cipher(cipher_id, label)
        if self._kind is Handshake.ECIES:
            key = (
                self._rng.randbytes(handshake.GCM_KEY_SIZE)
                if family.standalone
                else printable_key(self._rng, handshake.GCM_KEY_SIZE)
            )
            self.keys = LinkKeys(self._static, LinkGrade.GCM, gcm=key)
            public = crypto.load_ecc_private(cipher.ecc_private).public_key()
            return handshake.encode_gcm_reply(
                self._static, cipher_id, public, key,
                ephemeral=private_scalar(self._rng), iv=self._rng.randbytes(16),
            )  # fmt: skip
        if self._kind in (Handshake.RSA_CLEAR, Handshake.RSA_ECB):
            key = printable_key(self._rng, handshake.RSA_KEY_SIZE)
            self.keys = LinkKeys(self._static, LinkGrade.RSA, rsa=key)
            modulus = crypto.rsa_modulus(crypto.load_rsa_private(cipher.rsa_private).public_key())
            return handshake.encode_rsa_blob_reply(
                self._static, cipher_id, self._wrapped(modulus, key),
                sealed=self._kind is Handshake.RSA_ECB,
            )  # fmt: skip
        self.keys = handshake.static_link_keys(self._static)
        return handshake.encode_keyless_reply()

    def _wrapped(self, modulus: bytes, key: bytes) -> bytes:
        """A wrap without a zero byte: one client cuts the blob at the first (C5)."""
        for _ in range(RSA_BLOB_TRIES):
            blob = crypto.rsa_wrap(modulus, key, self._rng.randbytes(len(modulus)))
            if 0 not in blob:
                return blob
        raise AssertionError("no wrap without a zero byte")

    # --- what goes out ------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether notices can reach the client: it has asked for the link key."""
        return self._asked

    def notice_protection(self) -> Protection:
        """How the next notice is sealed (p2p-crypto.md §4: per record, never per link)."""
        if self.keys is None or self._faults.clear_pushes:
            return Protection.CLEAR
        gcm = self.keys.grade is LinkGrade.GCM
        if gcm and self._heard_gcm and not self._faults.static_notifies:
            return Protection.GCM
        return Protection.STATIC

    def notice(
        self,
        command: int,
        plaintext: bytes,
        *,
        channel: int = STATION_CHANNEL,
        protection: Protection | None = None,
    ) -> None:
        """Send a report or an answer with content."""
        if not self.ready or self._faults.answer_alive_only:
            return
        self._hostile()
        keys = self.keys or handshake.static_link_keys(self._static, clear=True)
        chosen = protection or self.notice_protection()
        record = wire_station.encode_notice(
            command, plaintext, channel=channel, keys=keys, protection=chosen,
            nonce=self._rng.randbytes(crypto.NONCE_SIZE),
        )  # fmt: skip
        self.counters[f"notice_{chosen}"] += 1
        self._send(Channel.CONTROL, record)

    def mislabelled(self, command: int, plaintext: bytes, channel: int = STATION_CHANNEL) -> None:
        """Send clear content under the ECB tag, as a T8170 answers queries (hardware)."""
        self._send(
            Channel.CONTROL, encode_record(command, bytes([1, 0, channel, 1, 0, 0]), plaintext)
        )

    def raw(self, channel: int, record: bytes) -> None:
        """Send a record as it is."""
        self._send(channel, record)

    def _hostile(self) -> None:
        if self._faults.oversized_header and not self._said_oversized:
            self._said_oversized = True
            head = b"XZYH" + CommandType.NOTIFY.to_bytes(2, "little")
            size = OVERSIZED.to_bytes(4, "little")
            self._send(Channel.CONTROL, head + size + bytes([1, 0, STATION_CHANNEL, 0, 0, 0]))
        if self._faults.garbage_chunks:
            self._send(Channel.CONTROL, bytes(64))


def sub_command(request: Request) -> int:
    """The inner number of a command: ``cmd``, ``commandType``, or the record type."""
    if request.command in (CommandType.PAYLOAD, CommandType.DEVICE_PAYLOAD):
        name = "cmd" if request.command == CommandType.PAYLOAD else "commandType"
        try:
            value = request.json().get(name)
        except WireError:
            return request.command
        return value if isinstance(value, int) else request.command
    return request.command


def _use(faults: Faults, command: int, answer: Answer) -> int | None:
    if answer.times:
        answer.times -= 1
        if not answer.times:
            del faults.answers[command]
    return answer.code
