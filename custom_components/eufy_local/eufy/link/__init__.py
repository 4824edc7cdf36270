"""Links to stations: sans-IO state machines and the thin asyncio transport that runs them."""
