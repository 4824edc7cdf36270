"""Long mutation runs of the decoders: `python -m tests.wire.fuzz [--count N] [target ...]`.

Stops with the input in hex at the first exception that is not a typed error.
"""

import argparse
import random
import sys
import time

if __name__ == "__main__":
    from simulator import bare

    bare.install()

from .corpus import seeds
from .targets import TARGETS

_MAX = 4096


def mutate(source: random.Random, pool: list[bytes]) -> bytes:
    """Return one seed with a few bytes changed, cut, doubled or mixed with another."""
    data = bytearray(source.choice(pool)[:_MAX])
    for _ in range(source.randrange(1, 5)):
        place = source.randrange(len(data) + 1)
        match source.randrange(6):
            case 0 if data:
                data[place % len(data)] ^= 1 << source.randrange(8)
            case 1 if data:
                data[place % len(data)] = source.choice((0, 1, 2, 8, 0x7F, 0x80, 0xFF))
            case 2:
                del data[place:]
            case 3:
                data[place:place] = source.randbytes(source.randrange(1, 9))
            case 4:
                other = source.choice(pool)
                data[place:] = other[min(place, len(other)) :][:_MAX]
            case _:
                del data[place : place + source.randrange(1, 9)]
    return bytes(data)


def run(names: list[str], count: int, *, seed: int) -> dict[str, int]:
    """Feed `count` inputs to each target; return how many each took."""
    done: dict[str, int] = {}
    for name in names:
        source = random.Random(seed)
        pool, target = seeds(name), TARGETS[name]
        for number in range(count):
            data = (
                source.randbytes(source.randrange(64)) if number % 8 == 0 else mutate(source, pool)
            )
            try:
                target(data)
            except Exception:
                print(f"{name}: {data.hex()}", file=sys.stderr)  # noqa: T201 - its purpose
                raise
        done[name] = count
    return done


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=list(TARGETS))
    parser.add_argument("--count", type=int, default=100_000, help="inputs per target")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in options.targets:
        start = time.perf_counter()
        run([name], options.count, seed=options.seed)
        rate = options.count / (time.perf_counter() - start)
        print(f"{name}: {options.count} inputs, {rate:.0f}/s")  # noqa: T201 - its purpose


if __name__ == "__main__":
    main()
