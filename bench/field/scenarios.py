"""The scenarios that a comparison has, in their order, and all whom it compares."""

from bench.field import peers, product, s1, s2, s3, s4, s5, s6, s7, s8, s9_logs, s9_readers, servers

SCENARIOS = {
    "s1": s1,
    "s2": s2,
    "s3": s3,
    "s4": s4,
    "s5": s5,
    "s6": s6,
    "s7": s7,
    "s8": s8,
    "s9-readers": s9_readers,
    "s9-logs": s9_logs,
}
SUBJECTS = (
    product.TAILRACE,
    servers.BARE,
    servers.BARE_COALESCING,
    peers.NCHAN_SERVER,
    peers.STARLETTE,
    peers.FLASK_SSE,
    peers.CELERY,
    peers.GRADIO,
)
