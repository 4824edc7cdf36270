"""A small RTSP 1.0 server (RFC 2326): TCP only, live only."""
