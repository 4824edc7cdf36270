"""The demo: simulator, go2rtc and a real Home Assistant on loopback, and the proofs over them."""
