"""Decoders are total: a value or a typed error, for anything at all."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .corpus import seeds
from .fuzz import mutate, run
from .targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=400))
def test_any_bytes(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_and_its_truncations(name: str) -> None:
    for seed in seeds(name):
        step = max(1, len(seed) // 12)
        for end in range(0, len(seed) + 1, step):
            TARGETS[name](seed[:end])
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
@given(number=st.integers(0, 1 << 30))
def test_mutated_vectors(name: str, number: int) -> None:
    TARGETS[name](mutate(random.Random(number), seeds(name)))


def test_the_long_run_is_the_same_thing() -> None:
    assert run(["datagram", "stream"], 200, seed=1) == {"datagram": 200, "stream": 200}
