"""Throws damaged access units at the NAL gate; a script for long runs, and a test for short ones.

`python -m tests.media.fuzz --count 2000000` takes some minutes. Every unit must either pass or be
refused with `FrameRefused`; one that passes is packed for RTP, and now and then decoded in the
child process, which may die of it.
"""

import argparse
import asyncio
import collections
import dataclasses
import random
import time

from custom_components.eufy_local.eufy.errors import FrameRefused
from custom_components.eufy_local.eufy.media.nal_gate import NalGate, annex_b
from custom_components.eufy_local.eufy.media.picture import PictureDecoder
from custom_components.eufy_local.eufy.media.rtsp import rtp_h264, rtp_h265
from custom_components.eufy_local.eufy.media.worker import WorkerFailed
from custom_components.eufy_local.eufy.wire.nal import Codec

from .clips import clip
from .parameter_sets import H264, H265, h264_unit, h265_unit


def seeds() -> list[bytes]:
    """Real access units of both codecs and hand-made ones that use every part of the syntax."""
    units = [data for codec in Codec for data, _ in clip(codec, 64, 64, 12, 4).units]
    made = [
        h264_unit(fields.nal())
        for fields in (H264(), H264(scaling=True), H264(order=1), H264(profile=66))
    ]
    made += [
        h265_unit(fields.nal())
        for fields in (
            H265(),
            H265(sub_layers=3),
            H265(scaling=True, pcm=True, long_term=2),
            H265(sets=((-1, -3, 2), (-2, -1, 1, 4)), inter=True),
        )
    ]
    return [*units, *made, *made]


def mutate(rng: random.Random, unit: bytes, others: list[bytes]) -> bytes:
    """Damage a unit in one to four ways, mostly near its start, where the parameter sets are."""
    data = bytearray(unit)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(min(len(data), rng.choice((16, 80, 100_000)))) if data else 0
        match rng.randrange(8):
            case 0 if data:
                data[at] ^= 1 << rng.randrange(8)
            case 1 if data:
                data[at] = rng.choice((0, 1, 3, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            case 2:
                del data[at:]
            case 3:
                del data[at : at + rng.randint(1, 12)]
            case 4:
                data[at:at] = rng.randbytes(rng.randint(1, 12))
            case 5:
                data[at:at] = b"\0\0\1" + bytes((rng.randrange(256), rng.randrange(256)))
            case 6:
                other = rng.choice(others)
                begin = rng.randrange(len(other))
                data[at:at] = other[begin : begin + rng.randint(1, 200)]
            case _:
                data[at : at + 4] = rng.choice((bytes(4), b"\xff" * 4, b"\0\0\3\0", b"\0\0\0\1"))
    return bytes(data)


@dataclasses.dataclass
class Report:
    """What became of the units."""

    passed: int = 0
    refused: int = 0
    decoded: int = 0
    not_decoded: int = 0
    child_died: int = 0
    slowest: float = 0.0
    reasons: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)


async def run(count: int, seed: int, decode_every: int = 0) -> Report:
    """Try `count` damaged units; every `decode_every`-th that passes is decoded, 0 for none."""
    rng, report, pool = random.Random(seed), Report(), seeds()
    decoder = PictureDecoder()
    gate = NalGate()
    for index in range(count):
        if index % 50 == 0:
            gate = NalGate()
            gate.check(rng.choice(pool[-8:]))
        unit = mutate(rng, rng.choice(pool), pool)
        began = time.perf_counter()
        try:
            checked = gate.check(unit, *rng.choice(((0, 0), (64, 64), (1920, 1080))))
        except FrameRefused as error:
            report.refused += 1
            report.reasons["".join(c for c in str(error) if not c.isdigit())] += 1
            continue
        finally:
            report.slowest = max(report.slowest, time.perf_counter() - began)
        report.passed += 1
        h264 = checked.codec is Codec.H264
        (rtp_h264 if h264 else rtp_h265).payloads(checked.nals)
        if decode_every and checked.key and report.passed % decode_every == 0:
            try:
                await decoder.key_frame_to_jpeg(checked.codec, annex_b(checked.nals))
                report.decoded += 1
            except WorkerFailed:
                report.child_died += 1
            except FrameRefused:
                report.not_decoded += 1
    await decoder.close()
    return report


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--decode-every", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="a few seconds only")
    options = parser.parse_args()
    count = 20_000 if options.quick else options.count
    began = time.monotonic()
    report = asyncio.run(run(count, options.seed, options.decode_every))
    print(f"{count} units in {time.monotonic() - began:.0f} s: {report}")  # noqa: T201


if __name__ == "__main__":
    main()
