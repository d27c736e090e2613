"""The encodings: each turns events into bytes, nothing else."""
