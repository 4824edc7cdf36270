"""The listener on the LAN: off by default, Digest, no second chances without end."""

import asyncio

import pytest

from custom_components.eufy_local.eufy.errors import ConfigurationError
from custom_components.eufy_local.eufy.media.rtsp import session as session_module
from custom_components.eufy_local.eufy.media.rtsp.auth import Credentials
from custom_components.eufy_local.eufy.secret import Secret

from .client import Client, digest
from .conftest import NAME

VIEWER = Credentials("viewer", Secret("correct horse"))


@pytest.fixture(autouse=True)
def _quick_refusals(monkeypatch):
    monkeypatch.setattr(session_module, "WRONG_SECONDS", 0.05)


async def exposed(staged):
    stage = await staged()
    assert stage.server.lan_port is None
    await stage.server.expose(0, VIEWER, "127.0.0.1")
    return stage, f"rtsp://127.0.0.1:{stage.server.lan_port}/{NAME}"


async def log_in(client, method="DESCRIBE", *, url=None, password="correct horse", user="viewer"):
    url = url or client.url
    challenge = await client.ask(method, url)
    assert challenge.status == 401
    answer = digest(challenge, method, url, user, password)
    return await client.ask(method, url, {"Authorization": answer})


async def test_the_right_answer_opens_and_every_request_needs_one(staged):
    _, url = await exposed(staged)
    async with Client(url) as client:
        assert (await client.ask("OPTIONS")).status == 200
        described = await log_in(client)
        assert described.status == 200
        track = f"{described.headers['content-base']}trackID=0"
        headers = {"Transport": "RTP/AVP/TCP;interleaved=0-1"}
        challenge = await client.ask("SETUP", track, headers)
        assert challenge.status == 401
        headers["Authorization"] = digest(challenge, "SETUP", track, "viewer", "correct horse")
        assert (await client.ask("SETUP", track, headers)).status == 200
        assert (await client.ask("PLAY", url)).status == 401
        assert (await log_in(client, "PLAY")).status == 200
        await client.collect_units("h264", 2)
        assert client.session


@pytest.mark.parametrize(
    ("user", "password"), [("viewer", "wrong"), ("admin", "correct horse"), ("", "")]
)
async def test_wrong_answers_are_refused_and_counted(staged, user, password):
    stage, url = await exposed(staged)
    async with Client(url) as client:
        loop = asyncio.get_running_loop()
        for _ in range(3):
            began = loop.time()
            assert (await log_in(client, user=user, password=password)).status == 401
            assert loop.time() - began > 0.04
        assert await client.ended(1.0)
    assert stage.source.opened == 0


async def test_an_answer_of_another_connection_or_url_opens_nothing(staged):
    _, url = await exposed(staged)
    async with Client(url) as one, Client(url) as other:
        challenge = await one.ask("DESCRIBE")
        answer = digest(challenge, "DESCRIBE", url, "viewer", "correct horse")
        assert (await other.ask("DESCRIBE", headers={"Authorization": answer})).status == 401
        assert (await one.ask("DESCRIBE", headers={"Authorization": answer})).status == 200
        assert (await one.ask("SETUP", headers={"Authorization": answer})).status == 401
        elsewhere = {"Authorization": answer}
        assert (await one.ask("DESCRIBE", url + "x", elsewhere)).status == 401


async def test_other_schemes_and_paths(staged):
    stage, url = await exposed(staged)
    async with Client(url) as client:
        basic = await client.ask("DESCRIBE", headers={"Authorization": "Basic dmlld2VyOng="})
        assert basic.status == 401
        assert basic.headers["www-authenticate"].startswith("Digest ")
        assert (await log_in(client, url=url.replace(NAME, "nobody"))).status == 404
    token = stage.url.split("/")[3]
    async with Client(url.replace(NAME, f"{token}/{NAME}")) as client:
        assert (await log_in(client)).status == 404
    # The Digest log-in is no way into the loopback listener.
    async with Client(stage.url.replace(f"{token}/", "")) as client:
        assert (await client.ask("DESCRIBE")).status == 404


async def test_concealing_cuts_viewers_on_the_lan_off_and_leaves_the_others(staged):
    stage, url = await exposed(staged)
    async with Client(url) as away, Client(stage.url) as here:
        await log_in(away)
        await here.play()
        await stage.server.conceal()
        assert await away.ended(1.0)
        await here.collect_units("h264", 2)
    assert stage.server.lan_port is None
    with pytest.raises(ConnectionError):
        await Client(url).__aenter__()
    await stage.server.expose(0, VIEWER, "127.0.0.1")
    await stage.server.expose(0, VIEWER, "127.0.0.1")


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("", Secret("x")),
        Credentials("viewer", Secret("")),
        Credentials('vie"wer', Secret("x")),
    ],
)
async def test_exposure_needs_a_user_and_a_password(staged, credentials):
    stage = await staged()
    with pytest.raises(ConfigurationError):
        await stage.server.expose(0, credentials)
    assert "correct horse" not in repr(VIEWER)
