"""Home Assistant's own REST and WebSocket interfaces, as a front end uses them."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

POLL_SECONDS = 0.02

type State = dict[str, Any]


class RequestFailed(Exception):
    """Home Assistant refused a call."""


class HomeApi:
    """One signed-in user."""

    def __init__(
        self, base: str, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        self.base = base
        self._http = http
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[int, Callable[[Any], None]] = {}
        self._headers: dict[str, str] = {}

    @classmethod
    @asynccontextmanager
    async def signed_in(
        cls, base: str, http: aiohttp.ClientSession, token: str
    ) -> AsyncIterator[HomeApi]:
        """Open the WebSocket with this access token."""
        async with http.ws_connect(f"{base}/api/websocket", max_msg_size=0) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": token})
            if (await socket.receive_json())["type"] != "auth_ok":
                raise RequestFailed("the access token was refused")
            api = cls(base, http, socket)
            api._headers = {"Authorization": f"Bearer {token}"}
            reader = asyncio.create_task(api._read())
            try:
                yield api
            finally:
                reader.cancel()

    async def _read(self) -> None:
        async for message in self._socket:
            content = message.json()
            number = content.get("id")
            if content["type"] == "event" and number in self._listeners:
                self._listeners[number](content["event"])
            elif content["type"] == "result" and number in self._answers:
                answer = self._answers.pop(number)
                if content["success"]:
                    answer.set_result(content["result"])
                else:
                    answer.set_exception(RequestFailed(str(content["error"])))

    async def command(self, kind: str, **fields: Any) -> Any:
        """Send a WebSocket command and return its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "type": kind, **fields})
        async with asyncio.timeout(30):
            return await answer

    async def subscribe(self, listener: Callable[[Any], None], **fields: Any) -> None:
        """Call the listener with each event; fields as of `subscribe_events`."""
        number = next(self._numbers)
        self._listeners[number] = listener
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "type": "subscribe_events", **fields})
        await answer

    async def rest(self, method: str, path: str, body: Any = None) -> Any:
        """Make a REST call and return its JSON."""
        async with self._http.request(
            method, f"{self.base}/api/{path}", json=body, headers=self._headers
        ) as answer:
            if not answer.ok:
                text = (await answer.text())[:300]
                raise RequestFailed(f"{method} {path}: {answer.status} {text}")
            return await answer.json()

    async def bytes_of(self, path: str) -> bytes:
        """Return what a path below `/api/` gives, as it came."""
        async with self._http.get(f"{self.base}/api/{path}", headers=self._headers) as answer:
            if not answer.ok:
                raise RequestFailed(f"GET {path}: {answer.status}")
            return await answer.read()

    async def states(self) -> dict[str, State]:
        """Return every state by its entity id."""
        return {state["entity_id"]: state for state in await self.rest("GET", "states")}

    async def action(self, domain: str, name: str, **data: Any) -> None:
        """Perform an action."""
        await self.rest("POST", f"services/{domain}/{name}", data)

    async def wait_for(
        self, entity_id: str, accept: Callable[[State], bool], seconds: float
    ) -> State:
        """Return the entity's state once it is accepted; TimeoutError with what it was instead."""
        end = time.monotonic() + seconds
        state: State = {"state": "absent", "attributes": {}}
        while time.monotonic() < end:
            try:
                state = await self.rest("GET", f"states/{entity_id}")
            except RequestFailed:
                await asyncio.sleep(0.2)
                continue
            if accept(state):
                return state
            await asyncio.sleep(POLL_SECONDS)
        raise TimeoutError(f"{entity_id} stayed {state['state']}")
