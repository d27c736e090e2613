"""Serves a model as OpenAI's API, by llama.cpp: `serve_model.py MODEL PORT KEY`."""

import signal
import sys

import xllamacpp

model, port, key = sys.argv[1:]
params = xllamacpp.CommonParams()
params.model.path, params.model_alias = model, {"tiny"}
params.hostnames, params.port, params.api_keys = ["127.0.0.1"], int(port), [key]
#: One text at a time, and each from its first token on: the same seed is the same text.
params.n_parallel, params.cache_prompt, params.cache_ram_mib, params.cpuparams.n_threads = 1, False, 0, 1
params.n_ctx, params.warmup, params.endpoint_slots, params.endpoint_metrics = 8192, False, True, True
server = xllamacpp.Server(params)
signal.pause()
