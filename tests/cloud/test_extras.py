"""Firmware, device keys, push registration and pictures: off the LAN path, by the owner's choice."""

import pytest

from custom_components.eufy_local.eufy.cloud import CloudStation
from custom_components.eufy_local.eufy.cloud.client import CloudClient
from custom_components.eufy_local.eufy.errors import (
    CloudBusy,
    CloudUnreachable,
    NetworkBlocked,
    SessionExpired,
)
from custom_components.eufy_local.eufy.net.policy import CloudMode
from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import Effect, Fault

from .conftest import EMAIL, OWNER, PASSWORD, World

HUB = CloudStation("T8030P2300000042", "Base", None, OWNER, firmware="3.8.7.4")
PICTURE = "https://security-app-eu.eufylife.com/pictures/1.jpg"


@pytest.fixture
async def client(world: World) -> CloudClient:
    client = world.client()
    await client.sign_in(EMAIL, Secret(PASSWORD), "DE")
    return client


async def test_newer_firmware_is_offered(world: World, client: CloudClient) -> None:
    world.cloud.inventory[EMAIL].firmware = {HUB.serial: "3.9.0.1", "T8160P2300000077": "2.0"}
    offer = await client.firmware(HUB)
    assert offer is not None
    assert (offer.version, offer.forced, offer.notes) == ("3.9.0.1", False, "Improves things.")
    camera = await client.firmware(HUB, "T8160P2300000077", "1.0")
    assert camera is not None
    assert camera.version == "2.0"


async def test_up_to_date_in_both_forms(world: World, client: CloudClient) -> None:
    assert await client.firmware(HUB) is None
    world.options.faults.append(Fault(Effect.CODE, "get_rom_version", code=20004))
    assert await client.firmware(HUB) is None


async def test_device_keys_rotate_when_called_invalid(world: World, client: CloudClient) -> None:
    serial = "T8170P2300000001"
    first = (await client.device_keys({serial: None}))[serial]
    assert len(first.key.reveal()) == 20
    assert (await client.device_keys({serial: None}))[serial] == first
    second = (await client.device_keys({serial: first.key}))[serial]
    assert second.key != first.key
    assert second.expires_at > 0
    assert world.cloud.services.dsk_keys == {serial: second.key.reveal()}


async def test_push_token_is_registered(world: World, client: CloudClient) -> None:
    await client.register_push(Secret("fcm-token"))
    assert world.cloud.services.push_tokens == {EMAIL: "fcm-token"}


@pytest.mark.parametrize("mode", [CloudMode.OFF, CloudMode.KEYS_ONLY])
async def test_gate_refuses_what_the_mode_does_not_admit(
    world: World, client: CloudClient, mode: CloudMode
) -> None:
    world.gate.mode = mode
    calls = world.cloud.total
    for call in (
        client.firmware(HUB),
        client.register_push(Secret("t")),
        client.picture(PICTURE),
    ):
        with pytest.raises(NetworkBlocked):
            await call
    assert world.cloud.total == calls


async def test_picture_goes_with_the_token_to_the_vendor_only(
    world: World, client: CloudClient
) -> None:
    world.cloud.pictures["/pictures/1.jpg"] = b"picture"
    assert await client.picture(PICTURE) == b"picture"
    assert world.cloud.calls[-1].with_token
    calls = world.cloud.total
    with pytest.raises(NetworkBlocked):
        await client.picture("https://eufylife.com.evil.example/pictures/1.jpg")
    assert world.cloud.total == calls


async def test_refused_picture(world: World, client: CloudClient) -> None:
    world.cloud.kick(EMAIL)
    with pytest.raises(SessionExpired):
        await client.picture(PICTURE)


async def test_no_picture_during_a_pause(world: World, client: CloudClient) -> None:
    world.options.faults.append(Fault(Effect.CODE, "get_house_list", code=429, status=429))
    with pytest.raises(CloudBusy):
        await client.inventory()
    calls = world.cloud.total
    with pytest.raises(CloudBusy):
        await client.picture(PICTURE)
    assert world.cloud.total == calls


async def test_broken_picture_server(world: World, client: CloudClient) -> None:
    world.cloud.picture_status = 500
    with pytest.raises(CloudUnreachable):
        await client.picture(PICTURE)
    world.cloud.picture_status = 429
    with pytest.raises(CloudBusy):
        await client.picture(PICTURE)
    assert client.state.pause.active(world.now)
