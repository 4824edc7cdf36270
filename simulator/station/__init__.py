"""The station's side of the LAN protocol: sans-IO state machines and a thin asyncio driver.

None of the client's state machines is used here, only its codecs: what two independent machines
agree on is worth more than what one machine says twice.
"""
