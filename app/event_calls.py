"""The calls that read events, as OpenAPI describes them."""

from app.pieces import JSON, NUMBER, TEXT, Operation, header, problems, query, ref

_HOW = [
    query("after", TEXT, "0, latest or an event's id; Last-Event-ID beats it."),
    query("types", TEXT, "Such as step.*,job.*"),
    query("names", {"type": "integer", "enum": [0, 1]}, "0 leaves SSE's event: out, for a plain onmessage."),
    query("wait", {**NUMBER, "minimum": 0, "maximum": 60}, "JSON: seconds to wait for an event."),
    query("limit", {"type": "integer"}, "JSON: events at most."),
    header("Last-Event-ID", "Where an earlier stream ended."),
]

_ANSWERS = {
    "101": {"description": "A WebSocket."},
    "200": {
        "description": "Events.",
        "content": {
            "text/event-stream": {"schema": ref("Event")},
            "application/x-ndjson": {"schema": ref("Event")},
            JSON: {"schema": ref("EventPage")},
        },
    },
    "204": {"description": "The log has ended and you have all of it."},
    **problems(400, 404, 406, 426, 501),
}

EVENTS: Operation = {
    "operationId": "events",
    "tags": ["Jobs"],
    "summary": "Read a job's events, live or after a cursor",
    "description": "Without Accept it is a stream of server-sent events; JSON is a page, and with wait a long-poll. "
    "With Upgrade: websocket it is a WebSocket: an Event a text message; the client may send "
    '{"action": "cancel"} with the members of Cancel, and {"action": "ack"} with those of Ack.',
    "parameters": _HOW,
    "responses": _ANSWERS,
}

MANY: Operation = {
    "operationId": "many",
    "tags": ["Jobs"],
    "summary": "Read the events of many jobs, live or after a cursor",
    "description": "One cursor stands for the place in all of them; jobs that begin later and pass join by themselves.",
    "parameters": [
        query("jobs", TEXT, "Ids with commas between them, at most 100."),
        query("type", TEXT, "The jobs' type; repeated, any of these."),
        query("label", TEXT, "name:value; repeated, all of these."),
        *_HOW,
    ],
    "responses": _ANSWERS,
}
