"""Session descriptions (RFC 4566) for one camera."""

import base64
import dataclasses
from typing import Final

from ...wire.nal import Codec
from ..codec import AudioCodec, AudioParameters, CodecParameters, VideoParameters
from .packets import VIDEO_CLOCK, VIDEO_TYPE, audio_type

VIDEO_TRACK: Final = 0
AUDIO_TRACK: Final = 1
TALK_TRACK: Final = 2
TALK_TYPE: Final = 0
"""PCMU, 8 kHz (RFC 3551 §6)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Description:
    """What a viewer was told: the codec, the sound if any, whether it may talk."""

    codec: Codec
    video: VideoParameters | None
    audio: AudioParameters | None
    talk: bool

    @classmethod
    def of(cls, parameters: CodecParameters, *, talk: bool) -> Description:
        """Describe a camera from what is remembered of it, at once."""
        return cls(parameters.assumed_codec, parameters.video, parameters.announced_audio, talk)

    def sdp(self, name: str) -> bytes:
        """Return the description as text."""
        lines = [
            "v=0",
            "o=- 0 0 IN IP4 127.0.0.1",
            f"s={name}",
            "c=IN IP4 0.0.0.0",
            "t=0 0",
            "a=control:*",
            "a=range:npt=now-",
            *self._video_lines(),
        ]
        if self.audio:
            lines += _audio_lines(self.audio)
        if self.talk:
            # The ONVIF back-channel: sendonly from the viewer's point of view (ONVIF Streaming
            # Specification §5.3); PCMU is what every client can send.
            lines += [
                f"m=audio 0 RTP/AVP {TALK_TYPE}",
                f"a=rtpmap:{TALK_TYPE} PCMU/8000",
                "a=sendonly",
                f"a=control:trackID={TALK_TRACK}",
            ]
        return "\r\n".join((*lines, "")).encode()

    def _video_lines(self) -> list[str]:
        sets = self.video.sets if self.video else ()
        if self.codec is Codec.H264:
            name = "H264"
            form = ["packetization-mode=1"]
            if sets:
                form.append(f"profile-level-id={sets[0][1:4].hex().upper()}")
                form.append(f"sprop-parameter-sets={','.join(map(_base64, sets))}")
        else:
            name = "H265"
            names = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
            form = [
                f"{label}={','.join(_base64(one) for one in sets if one[0] >> 1 & 0x3F == kind)}"
                for kind, label in names.items()
                if sets
            ]
        lines = [
            f"m=video 0 RTP/AVP {VIDEO_TYPE}",
            f"a=rtpmap:{VIDEO_TYPE} {name}/{VIDEO_CLOCK}",
            "a=recvonly",
            f"a=control:trackID={VIDEO_TRACK}",
        ]
        if form:
            lines.insert(2, f"a=fmtp:{VIDEO_TYPE} {';'.join(form)}")
        return lines


def _audio_lines(audio: AudioParameters) -> list[str]:
    kind = audio_type(audio)
    names = {AudioCodec.AAC: "mpeg4-generic", AudioCodec.PCMA: "PCMA"}
    lines = [
        f"m=audio 0 RTP/AVP {kind}",
        f"a=rtpmap:{kind} {names[audio.codec]}/{audio.rate}/{audio.channels}",
        "a=recvonly",
        f"a=control:trackID={AUDIO_TRACK}",
    ]
    if audio.codec is AudioCodec.AAC:
        lines.insert(
            2,
            f"a=fmtp:{kind} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;"
            f"indexlength=3;indexdeltalength=3;config={audio.config.hex().upper()}",
        )
    return lines


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
