"""Commands around media: live views of every family, recordings and talkback.

Source: protocol/p2p-media.md §1, §4 and §5. Key orders are those of the vectors.
"""

from ..errors import WireError
from .bodies import ScalarBody, TwoStringBody
from .envelopes import (
    LIVE_FLAG,
    Command,
    CommandType,
    LiveForm,
    StopForm,
    json_1350,
    json_1700,
)


def live_open(
    form: LiveForm | str,
    account_id: str,
    channel: int,
    offer: str,
    transaction: str,
    *,
    codec: int = 0,
    behind_station: bool = False,
) -> Command:
    """Open a live view of camera `channel` with the stream key `offer` (hex).

    `codec` is 0 for H.264 and 1 for H.265; only the older forms say it. `behind_station` marks
    form C' on the link of a base (p2p-media.md §1.1). A HomeBase 3 chooses the camera by
    subheader byte 2, not by the JSON. Raises `WireError` for an unknown form.
    """
    try:
        kind = LiveForm(form)
    except ValueError:
        raise WireError("unknown form of a live open") from None
    match kind:
        case LiveForm.A | LiveForm.B:
            payload = _live_payload(account_id, channel, offer, full=kind is LiveForm.A)
            return json_1350(
                account_id,
                CommandType.START_LIVE,
                payload,
                channel=channel,
                m_channel=channel,
                value3=CommandType.START_LIVE,
                transaction=transaction,
                media=True,
                flag=LIVE_FLAG,
            )
        case LiveForm.C | LiveForm.C_PRIME:
            return _live_1700(account_id, channel, offer, kind, behind_station=behind_station)
        case LiveForm.T8:
            # Oldest form: int channel and the bare modulus, always sent clear.
            body = ScalarBody(channel, None, offer.lower())
            return Command(CommandType.START_LIVE, body, channel)
        case LiveForm.T2 | LiveForm.T3 | LiveForm.T5 | LiveForm.T6:
            data = _legacy_device_data(kind, account_id, offer.lower(), codec)
            return json_1700(CommandType.LIVE_1700, data, channel=channel)
        case _:
            return _live_legacy_station(kind, account_id, channel, offer.lower(), codec)


def live_stop(
    form: LiveForm | str,
    account_id: str,
    channel: int,
    transaction: str,
    *,
    stop: StopForm | None = None,
) -> Command:
    """Stop the live view of `channel` that was opened with `form`."""
    how = stop or (StopForm.LIST if form == LiveForm.A else StopForm.BARE)
    if how is StopForm.BARE:
        return Command(CommandType.STOP_LIVE, ScalarBody(channel), channel)
    payload: dict[str, object] = {"accountId": account_id}
    if how is StopForm.LIST:
        payload["chn_list"] = [{"chn": channel}]
    return json_1350(
        account_id,
        CommandType.STOP_LIVE,
        payload,
        channel=channel,
        m_channel=channel,
        value3=CommandType.STOP_LIVE,
        transaction=transaction,
        media=True,
    )


def _live_payload(account_id: str, channel: int, offer: str, *, full: bool) -> dict[str, object]:
    payload: dict[str, object] = {
        "streamtype": 0,
        "camera_type": 0,
        "entrytype": 0,
        "accountId": account_id,
    }
    if not full:
        return payload | {"chn_list": [], "key": offer, "ClientOS": "ANDROID"}
    return payload | {
        "chn_list": [{"cameraType": 0, "chn": channel, "index": 0, "sensor": 0}],
        "ClientOS": "ANDROID",
        "station_video_type": 0,
        "audio_chn": 0,
        "pip_cord": "",
        "stitch_mode": 1,
        "key": offer,
        "extValue": 1000,
    }


def _live_1700(
    account_id: str, channel: int, offer: str, form: LiveForm, *, behind_station: bool
) -> Command:
    data: dict[str, object] = {
        "cmd": 1000,
        "mChannel": channel,
        "account_id": account_id,
        "mValueStrSub": account_id,
        "mValue3": 0,
        "mValue5": 0,
        "restore": 0,
        "video_type": 12,
        "encryptkey": offer,
        "entrytype": 0,
        "accountId": account_id,
        "camera_type": 0,
        "ivalue": 1,
    }
    if form is LiveForm.C:
        data["extValue"] = 1000
    data["streamtype"] = 0
    plain = behind_station and form is LiveForm.C_PRIME
    return json_1700(CommandType.LIVE_1700, data, channel=channel, flag=0 if plain else LIVE_FLAG)


def _legacy_device_data(
    form: LiveForm, account_id: str, offer: str, codec: int
) -> dict[str, object]:
    if form is LiveForm.T3:
        return {"accountId": account_id, "encryptkey": offer, "streamtype": codec}
    if form is LiveForm.T6:
        return {"account_id": account_id, "encryptkey": offer, "streamtype": codec}
    data: dict[str, object] = {
        "accountId": account_id,
        "camera_type": 0,
        "encryptkey": offer,
        "entrytype": 0,
        "streamtype": codec,
    }
    return data | {"msg_id": 86} if form is LiveForm.T5 else data


def _live_legacy_station(
    form: LiveForm, account_id: str, channel: int, offer: str, codec: int
) -> Command:
    stream_type = codec + 1  # 1 = H.264, 2 = H.265 in this family
    payload: dict[str, object] = {"ClientOS": "Android"}
    m_channel: int | None = None
    if form is LiveForm.T4:
        payload["accountId"] = account_id
        m_channel = channel
    elif form is LiveForm.T1:
        m_channel = 0
    if form is not LiveForm.T9:
        payload |= {"camera_type": 0, "entrytype": 0}
    payload |= {"key": offer, "streamtype": stream_type}
    return json_1350(
        account_id,
        CommandType.START_LIVE,
        payload,
        channel=channel,
        m_channel=m_channel,
        value3=CommandType.START_LIVE,
    )


# --- recordings and sound ----------------------------------------------------------------


def recording(
    account_id: str, channel: int, path: str, offer: str, transaction: str, *, download: bool
) -> Command:
    """Play (1025) or download (1024) a stored video of a HomeBase 3 (p2p-media.md §5.1)."""
    command = CommandType.DOWNLOAD if download else CommandType.PLAYBACK
    return json_1350(
        account_id,
        command,
        {"filepath": path, "key": offer},
        m_channel=channel,
        value3=command,
        transaction=transaction,
        media=True,
    )


def recording_legacy(account_id: str, channel: int, path: str) -> Command:
    """Download a stored video of an older station (two-string form; §5.2)."""
    return Command(CommandType.DOWNLOAD, TwoStringBody(path, account_id), channel)


def recording_cancel(channel: int) -> Command:
    """Cancel a download of an older station; a HomeBase 3 answers -108 and goes on."""
    return Command(CommandType.DOWNLOAD_CANCEL, ScalarBody(channel), channel)


def talk(channel: int, *, start: bool, as_json: bool) -> Command:
    """Start or stop talkback (p2p-media.md §4): 1700/1001 and 1002, or 1005 and 1006."""
    if as_json:
        inner = CommandType.TALK_START if start else CommandType.TALK_STOP
        return json_1700(inner, channel=channel)
    return Command(1005 if start else 1006, ScalarBody(0), channel)
