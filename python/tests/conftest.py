"""A model that is trained once for all tests."""

import signal

import differnet
import pytest
from support import SMALL

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    seen, messages = [], []
    config = dict(SMALL, output=tmp_path_factory.mktemp("results"))
    run = differnet.train(config, progress=seen.append, message=messages.append)
    assert any(p.stage is differnet.Stage.TRAIN and p.loss == p.loss for p in seen)
    counted = [p for p in seen if p.stage is not differnet.Stage.REPORT]
    assert counted[-1].done == counted[-1].total > 0
    assert all(isinstance(text, str) and text for text in messages)
    return run


@pytest.fixture(scope="session")
def model(run):
    with differnet.Model.load(run.model_path) as model:
        yield model
