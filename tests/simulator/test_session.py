"""Handshake, command queue, receipts, reports (checklist S8 to S15)."""

import json

import pytest

from custom_components.eufy_local.eufy.errors import AuthenticityError
from custom_components.eufy_local.eufy.wire import commands
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade, encode_connection_request
from custom_components.eufy_local.eufy.wire.notifications import AlarmReport, GuardModeReport
from custom_components.eufy_local.eufy.wire.notify import decode_notification
from custom_components.eufy_local.eufy.wire.parameters import parse_dump, supports_ecc
from custom_components.eufy_local.eufy.wire.sealing import Protection
from simulator.families import FAMILIES, Handshake
from simulator.faults import Answer, Faults, SecondInit

from .stage import Client, Stage


def awake(family: str, faults: Faults | None = None) -> tuple[Stage, Client]:
    """A connected client of any family."""
    stage = Stage(family, faults=faults)
    client = stage.client()
    if stage.core.spec.family.sleeps:
        stage.core.wake(client.address, stage.now)
        stage.run(4)
    return stage, client.connect()


GRADES = {
    Handshake.ECIES: LinkGrade.GCM,
    Handshake.RSA_CLEAR: LinkGrade.RSA,
    Handshake.RSA_ECB: LinkGrade.RSA,
    Handshake.NO_KEY: LinkGrade.STATIC,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_links_and_dumps_its_parameters(family: str) -> None:
    stage, client = awake(family)
    assert client.keys is not None
    assert client.keys.grade is GRADES[FAMILIES[family].handshake]
    client.command(commands.param_query())
    assert client.results() == [(1103, 0)]
    dump = parse_dump(client.contents(1103)[0].plaintext)
    label = FAMILIES[family].dump_label
    assert dump.firmware == stage.core.spec.firmware
    assert dump.get(1224, label) == "63"
    receipt = next(r for _, r in client.records if r.subheader[4] == 1)
    expected = FAMILIES[family].receipt_size
    assert len(receipt.body) == expected


@pytest.mark.parametrize("mode", [Handshake.RSA_CLEAR, Handshake.RSA_ECB, Handshake.NO_KEY])
def test_a_homebase_3_can_be_told_to_offer_a_weaker_link(mode: Handshake) -> None:
    _, client = awake("homebase3", Faults(handshake=mode))
    assert client.keys is not None
    assert client.keys.grade is GRADES[mode]


def test_the_rsa_wrap_has_no_zero_byte() -> None:
    _, client = awake("homebase2")
    assert client.reply is not None
    assert 0 not in client.reply.material[:128]


def test_a_key_wrapped_for_somebody_else_does_not_open() -> None:
    stage = Stage(faults=Faults(wrap_for_other_key=True))
    with pytest.raises(AuthenticityError):
        stage.client().connect()


@pytest.mark.parametrize(
    ("second", "works"), [(SecondInit.IGNORED, True), (SecondInit.INVALIDATES, False)]
)
def test_a_second_init_is_ignored_or_spoils_the_key(second: SecondInit, works: bool) -> None:
    _, client = awake("homebase3", Faults(second_init=second))
    client.put(encode_connection_request())
    client.command(commands.param_query())
    assert sum(record.command == 1100 for _, record in client.records) == 1
    assert ((1103, 0) in client.results()) is works


def test_notices_come_under_the_static_key_until_the_first_gcm_command() -> None:
    stage, client = awake("homebase3")
    stage.core.detect(stage.camera, "motion", None, stage.now)
    stage.run(0.1)
    client.command(commands.param_query())
    stage.core.detect(stage.camera, "motion", None, stage.now)
    stage.run(0.1)
    assert [r.protection for r in client.contents(1351)] == [Protection.STATIC, Protection.GCM]


def test_clear_pushes_can_be_asked_for() -> None:
    stage, client = awake("homebase3", Faults(clear_pushes=True))
    stage.core.detect(stage.camera, "motion", None, stage.now)
    stage.run(0.1)
    assert client.contents(1351)[0].protection is Protection.CLEAR


def test_arming_reports_the_mode_in_force_once_and_nothing_when_unchanged() -> None:
    stage, client = awake("homebase3")
    watcher = stage.client(40050).connect()
    client.command(commands.arm(stage.owner, 2, "tester"))
    reports = [decode_notification(item) for item in client.contents(1151)]
    assert reports == [GuardModeReport(1)]
    assert [json.loads(i.plaintext.rstrip(b"\0")) for i in client.contents(1351)] == [
        {"cmd": 1224, "code": 0}
    ]
    assert len(watcher.contents(1151)) == 1
    assert not watcher.contents(1351)
    count = len(client.records)
    client.command(commands.arm(stage.owner, 2, "tester"))
    assert len(client.records) == count + 1  # the receipt
    client.command(commands.param_query())
    dump = parse_dump(client.contents(1103)[-1].plaintext)
    assert (dump.get(1224), dump.get(1151)) == ("2", "1")


def test_a_wrong_account_is_dropped_in_json_and_refused_in_scalars() -> None:
    _, client = awake("homebase3")
    client.command(commands.arm("0" * 40, 1, "tester"), run=3)
    assert client.results() == []
    client.command(commands.scalar(1045, 1, "0" * 40, channel=0))
    assert client.results() == [(1045, -104)]
    _, client = awake("homebase2")
    client.command(commands.arm("0" * 40, 1, "tester"))
    assert client.results() == [(1350, -104)]


def test_an_unknown_command_blocks_the_queue_of_a_homebase_3() -> None:
    stage, client = awake("homebase3")
    began = stage.now
    client.command(commands.json_1350(stage.owner, 4242, {}), run=0)
    client.command(commands.param_query(), run=10.5)
    assert client.results() == []
    while len(client.results()) < 2:
        stage.run(0.5)
    assert client.results() == [(1350, -108), (1103, 0)]
    assert 11 <= stage.now - began <= 18


def test_results_can_be_forced_and_delayed() -> None:
    faults = Faults(answers={1224: Answer(503, times=1), 1003: Answer(-204, after=12.3)})
    stage, client = awake("homebase3", faults)
    client.command(commands.arm(stage.owner, 1, "t"))
    client.command(commands.arm(stage.owner, 1, "t"))
    assert client.results() == [(1350, 503), (1350, 0)]
    assert len(client.contents(1151)) == 1


def test_a_setting_is_stored_and_pushed_to_every_link() -> None:
    stage, client = awake("homebase3")
    watcher = stage.client(40060).connect()
    client.command(commands.scalar(1045, 0, stage.owner, channel=1))
    assert client.results() == [(1045, 0)]
    dump = parse_dump(watcher.contents(1103)[0].plaintext)
    assert dump.get(1045, 1) == "0"
    assert dump.get(1045, 0) == "1"


def test_only_the_camera_with_the_ability_asks_for_ecc_media() -> None:
    _, client = awake("homebase3")
    client.command(commands.param_query())
    dump = parse_dump(client.contents(1103)[0].plaintext)
    assert [supports_ecc(dump, channel) for channel in range(3)] == [True, True, False]


def test_the_dump_can_come_in_blocks_with_late_ones() -> None:
    stage, client = awake("homebase3", Faults(late_blocks=1.5))
    client.command(commands.param_query(), run=1)
    assert len(client.contents(1103)) == 1
    stage.run(1)
    assert len(client.contents(1103)) == 4


def test_the_siren_runs_out_by_itself() -> None:
    stage, client = awake("homebase3")
    client.command(commands.station_alarm(stage.owner, 5, "t"), run=6)
    reports = [decode_notification(item) for item in client.contents(1201)]
    assert reports == [AlarmReport(255, 3, 5), AlarmReport(255, 0, 0)]


def test_a_battery_camera_answers_pings_and_repeats_the_counter_in_receipts() -> None:
    _, client = awake("standalone_battery")
    client.ping()
    client.command(commands.param_query())
    assert [r for _, r in client.records if r.command == 1139]
    receipt = next(r for _, r in client.records if r.subheader[4] == 1)
    assert receipt.subheader[3] == 8
    assert receipt.counter == 4  # the ping was 2


def test_records_that_do_not_open_are_counted_and_change_nothing() -> None:
    stage, client = awake("homebase3")
    before = dict(stage.core.desk.memory.dump())
    for body in (b"", b"\0" * 16, b"\xff" * 200):
        client.put(
            b"XZYH\x46\x05" + len(body).to_bytes(4, "little") + bytes([8, 2, 0, 8, 0, 0]) + body
        )
    stage.run(1)
    assert stage.core.snapshot()["not_opened"] == 3
    assert stage.core.desk.memory.dump() == before
    assert client.results() == []
