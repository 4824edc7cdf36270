"""Runs eufy-home-security's published fake station on loopback as a witness for our client.

Runs in the witness environment. The one argument is a JSON object of `FakeStation` fields to
set (for example `{"conn_init_version": 1}`). Prints one JSON line with what a client needs,
then serves until standard input closes, and prints a second line with what it received.
"""

import asyncio
import json
import sys

from eufy_home_security.testing import FakeStation


def say(value: object) -> None:
    """Print one JSON line at once."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def serve() -> None:
    """Start the station, print its identity, wait for the end of standard input."""
    station = FakeStation(**json.loads(sys.argv[1]))
    await station.start()
    say(
        {
            "serial": station.serial,
            "did": str(station.did),
            "search_port": station.discovery_port,
            "owner_id": station.account_id,
            "cipher_id": station.cipher_id,
            "ecc_private_key": station.ecc_private_key_hex,
            "rsa_private_key": station.rsa_private_key_pem,
            "parameters": {
                str(block): {str(key): value for key, value in values.items()}
                for block, values in station.params.items()
            },
        }
    )
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    say(
        {
            "commands": station.received,
            "guard_mode": station.guard_mode,
            "sessions": station.sessions,
        }
    )
    station.stop()


asyncio.run(serve())
