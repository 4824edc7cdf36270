"""The asyncio link over loopback sockets."""

from typing import Any

import pytest

from custom_components.eufy_local.eufy.link.link import Link, LinkState, LinkTarget
from custom_components.eufy_local.eufy.wire.commands import arm
from custom_components.eufy_local.eufy.wire.handshake import CipherKey, LinkGrade

from .station import ACCOUNT, CIPHER, DID, SERIAL
from .udp_station import UdpStation

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def keys(cipher_id: int) -> CipherKey:
    return CIPHER


def make_link(station: UdpStation, **kwargs: Any) -> Link:
    target = kwargs.pop("target", LinkTarget(SERIAL, DID))
    return Link(station.gate, target, kwargs.pop("keys", keys), ACCOUNT, **kwargs)


async def test_connect_read_arm_close() -> None:
    async with UdpStation() as station:
        link = make_link(station)
        info = await link.connect()
        assert info.grade is LinkGrade.GCM
        assert info.peer == ("127.0.0.1", station.link_port)
        assert link.state is LinkState.UP
        dump = await link.parameters(settle=0.05)
        assert dump.get(1224) == "63"
        assert await link.command(arm(ACCOUNT, 1, "me")) == 0
        await link.close()
        assert link.state is LinkState.DOWN
