"""Commands in their queue, records on their way, callers that wait: the edges of each."""

import asyncio
import itertools

import pytest

from custom_components.eufy_local.eufy.errors import (
    CommandTimeout,
    EufyError,
    KeyUnavailable,
    LinkError,
    LinkLost,
    WireError,
)
from custom_components.eufy_local.eufy.link.budget import Budget, TotalBudget
from custom_components.eufy_local.eufy.link.events import CommandDone, CommandFailed
from custom_components.eufy_local.eufy.link.exchange import (
    BUSY_CODE,
    BUSY_PAUSE,
    RESULT_TIME,
    Exchange,
)
from custom_components.eufy_local.eufy.link.handshake import Handshake
from custom_components.eufy_local.eufy.link.keepalive import INTERVAL, SILENCE, Keepalive
from custom_components.eufy_local.eufy.link.policy import LinkQuirks
from custom_components.eufy_local.eufy.link.replies import (
    MAX_PARTS,
    MAX_WAITERS,
    DumpCollector,
    JsonReply,
    Requests,
)
from custom_components.eufy_local.eufy.link.sender import (
    FIRST_REPEAT,
    GIVE_UP,
    MAX_IN_FLIGHT,
    MAX_REPEAT,
    Sender,
)
from custom_components.eufy_local.eufy.wire.commands import param_query, ping
from custom_components.eufy_local.eufy.wire.datagram import decode_data, decode_datagram
from custom_components.eufy_local.eufy.wire.envelopes import Command
from custom_components.eufy_local.eufy.wire.sealing import OpenedRecord, Protection

from .station import CIPHER, DID, STATIC

QUERY = param_query()


class Line:
    """Counts what an exchange sends; fails on demand."""

    def __init__(self) -> None:
        self.sent = 0
        self.error: EufyError | None = None

    def __call__(self, command: Command, now: float) -> int:
        if self.error is not None:
            raise self.error
        self.sent += 1
        return self.sent - 1


# --- exchange ------------------------------------------------------------------------------------


def test_a_command_that_cannot_be_sent_again_fails() -> None:
    line = Line()
    exchange = Exchange(line)
    token = exchange.submit(QUERY)
    assert exchange.start_next(0.0) == []
    assert exchange.result(QUERY.record_type, BUSY_CODE, 1.0) is None
    # A second result of the same record, before it was sent again, counts for nothing.
    assert exchange.result(QUERY.record_type, 0, 1.1) is None
    line.error = LinkError("gone")
    assert exchange.handle_timer(1.0 + BUSY_PAUSE / 2) is None
    failed = exchange.handle_timer(1.0 + BUSY_PAUSE)
    assert failed == CommandFailed(token, line.error)
    assert not exchange.busy


def test_the_time_of_a_command_includes_its_repetitions() -> None:
    exchange = Exchange(Line())
    token = exchange.submit(QUERY)
    exchange.start_next(0.0)
    exchange.result(QUERY.record_type, BUSY_CODE, RESULT_TIME - 0.1)
    assert exchange.next_timer() == RESULT_TIME
    failed = exchange.handle_timer(RESULT_TIME)
    assert failed is not None
    assert failed.token == token
    assert "account" not in str(failed.error)  # it was not even acknowledged


def test_nothing_runs_nothing_is_due() -> None:
    exchange = Exchange(Line())
    assert exchange.next_timer() is None
    assert exchange.handle_timer(1e9) is None
    assert exchange.send_failed(3) is None
    assert exchange.result(1103, 0, 0.0) is None
    exchange.acknowledged(7)
    assert exchange.fail_all(LinkLost("x")) == []


def test_commands_without_receipt_do_not_hold_up_the_queue() -> None:
    exchange = Exchange(Line())
    first, second = exchange.submit(ping()), exchange.submit(QUERY)
    assert exchange.start_next(0.0) == [CommandDone(first, 0)]
    assert exchange.busy
    assert exchange.result(QUERY.record_type, -5, 0.1) == CommandDone(second, -5)


def test_another_records_failure_is_not_the_commands() -> None:
    exchange = Exchange(Line())
    exchange.submit(QUERY)
    exchange.start_next(0.0)
    assert exchange.send_failed(99) is None
    assert exchange.busy


# --- sender --------------------------------------------------------------------------------------


def test_repetitions_slow_down_and_end() -> None:
    sender = Sender()
    out: list[bytes] = []
    sender.send(0, b"record", 0.0, out)
    (first,) = out
    times: list[float] = []
    failed: list[tuple[int, int]] = []
    while (due := sender.next_timer()) is not None:
        again: list[bytes] = []
        failed += sender.handle_timer(due, again)
        times += [due] * len(again)
        assert all(data == first for data in again)
    assert times[:3] == pytest.approx([FIRST_REPEAT, 3 * FIRST_REPEAT, 7 * FIRST_REPEAT])
    assert max(b - a for a, b in itertools.pairwise(times)) == pytest.approx(MAX_REPEAT)
    assert failed == [(0, 0)]
    assert GIVE_UP - MAX_REPEAT <= times[-1] <= GIVE_UP
    assert sender.repeated == len(times)


def test_indices_count_per_channel_and_wrap() -> None:
    sender = Sender()
    for expected in range(70_000):
        out: list[bytes] = []
        assert sender.send(0, b"", 0.0, out) == expected & 0xFFFF
        assert sender.acknowledge(0, [expected & 0xFFFF]) == [expected & 0xFFFF]
    assert sender.send(1, b"x", 0.0, out) == 0
    data = decode_data(decode_datagram(out[-1]).payload)
    assert (data.channel, data.index, bytes(data.chunk)) == (1, 0, b"x")
    assert sender.acknowledge(0, [0]) == []  # the ACK of another channel
    assert sender.acknowledge(1, [0, 0, 5]) == [0]


def test_too_much_on_the_way() -> None:
    sender = Sender()
    for _ in range(MAX_IN_FLIGHT):
        sender.send(1, b"", 0.0, [])
    with pytest.raises(LinkError):
        sender.send(1, b"", 0.0, [])
    with pytest.raises(WireError):
        Sender().send(0, bytes(70_000), 0.0, [])


def test_keepalive_keeps_its_pace() -> None:
    keepalive = Keepalive(10.0)
    assert keepalive.is_due(10.0)
    assert not keepalive.is_due(10.1)
    assert keepalive.next_timer() == pytest.approx(10.0 + INTERVAL)
    assert keepalive.is_due(99.0)
    assert not keepalive.is_due(99.5)
    assert keepalive.is_lost(10.0 + SILENCE)
    keepalive.heard = 99.0
    assert not keepalive.is_lost(100.0)


# --- handshake and budget ------------------------------------------------------------------------


def test_a_key_before_the_reply_is_a_fault_of_the_caller() -> None:
    handshake = Handshake(str(DID), STATIC, None, LinkQuirks())
    assert handshake.cipher_id == 0
    assert not handshake.unwraps_slowly
    with pytest.raises(LinkError):
        handshake.unwrap(CIPHER)
    with pytest.raises(LinkError):
        handshake.refuse_key(KeyUnavailable("x"))


def test_budget_states_what_is_held() -> None:
    total = TotalBudget(limit=10)
    one, two = Budget(limit=8, parent=total), Budget(limit=8, parent=total)
    assert one.hold(6)
    assert (one.held, total.held) == (6, 6)
    assert not one.hold(9)
    assert one.hold(5)
    assert not two.hold(6)
    assert two.hold(5)
    one.release()
    assert total.held == 5


# --- waiting -------------------------------------------------------------------------------------


def record(command: int, text: bytes, *, receipt: bool = False) -> OpenedRecord:
    return OpenedRecord(command, 255, 0, text, Protection.GCM, receipt=receipt)


async def test_the_number_of_waiting_requests_is_bounded() -> None:
    requests = Requests()
    waiters = [requests.wait(lambda _: False).__enter__() for _ in range(MAX_WAITERS)]
    with pytest.raises(LinkError), requests.wait(lambda _: True):
        pass
    requests.fail(LinkLost("gone"))
    for waiter in waiters:
        with pytest.raises(LinkLost):
            await waiter.result(1.0)
    waiters[0].fail(LinkLost("again"))
    waiters[0].offer(record(1, b""))


async def test_results_of_commands_nobody_waits_for() -> None:
    requests = Requests()
    requests.finished(CommandDone(1, 0))
    requests.finished(CommandFailed(2, LinkLost("x")))


async def test_json_reply_takes_the_first_that_fits() -> None:
    reply = JsonReply(1306, lambda value: value.get("cmd") == 10)
    assert not reply(record(1308, b'{"cmd":10}'))
    assert not reply(record(1306, b'{"cmd":10}', receipt=True))
    assert not reply(record(1306, b"nonsense"))
    assert not reply(record(1306, b'{"cmd":11}'))
    assert reply(record(1306, b'{"cmd":10,"data":[]}\0\0'))
    assert reply.value == {"cmd": 10, "data": []}


async def test_a_dump_in_parts() -> None:
    collector = DumpCollector()
    parts = [
        b'{"params":[{"dev_type":255,"param_type":1224,"param_value":"1"}],"main_sw_version":"3"}',
        b"garbage",
        b'{"params":[{"dev_type":0,"param_type":1101,"param_value":"77"}]}\0',
        b'{"params":[{"dev_type":255,"param_type":1224,"param_value":"0"}]}',
    ]
    for part in parts:
        assert collector(record(1103, part)) is False
    collector(record(1103, b"", receipt=True))
    collector(record(1351, parts[0]))
    dump = await collector.merged(0.01)
    assert (dump.get(1224), dump.get(1101, 0), dump.firmware) == ("0", "77", "3")
    for _ in range(MAX_PARTS + 5):
        collector(record(1103, parts[0]))
    assert collector._parts.qsize() == MAX_PARTS


async def test_no_part_of_a_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.replies.DUMP_TIME", 0.01)
    with pytest.raises(CommandTimeout):
        await DumpCollector().merged(0.01)
    await asyncio.sleep(0)
