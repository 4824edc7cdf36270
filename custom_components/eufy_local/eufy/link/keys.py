"""Getting the key that a station names, while its link is kept alive."""

import asyncio
import logging

from ..errors import EufyError, KeyUnavailable
from .events import KeyNeeded
from .model import KeyProvider
from .session import Session
from .transport import Transport

_LOGGER = logging.getLogger(__name__)


class KeyFetcher:
    """Asks the key provider for a session, in the background.

    A fetch that takes longer than a link can wait goes on, so that the key is there for the next
    link.
    """

    def __init__(self, keys: KeyProvider, refresh: KeyProvider | None) -> None:
        self._keys = keys
        self._refresh = refresh
        self._tasks: set[asyncio.Task[None]] = set()

    def fetch(self, event: KeyNeeded, session: Session, transport: Transport) -> None:
        """Begin; the session gets the key, or the error why there is none."""
        task = asyncio.get_running_loop().create_task(self._fetch(event, session, transport))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop everything that still runs."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch(self, event: KeyNeeded, session: Session, transport: Transport) -> None:
        loop = asyncio.get_running_loop()
        provide = self._keys
        if event.refresh and self._refresh is not None:
            provide = self._refresh
        try:
            cipher = await provide(event.cipher_id)
        except EufyError as error:
            session.refuse_key(error, loop.time())
        except Exception:
            _LOGGER.exception("The key provider failed")
            session.refuse_key(KeyUnavailable("the key provider failed"), loop.time())
        else:
            keys = None
            if session.unwraps_slowly:
                keys = await loop.run_in_executor(None, session.unwrap_key, cipher)
            session.provide_key(cipher, loop.time(), keys)
        transport.kick()
