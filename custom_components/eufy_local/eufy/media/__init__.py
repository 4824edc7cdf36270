"""Live pictures and sound: fan-out, checks, the RTSP server, stills and talk-back."""
