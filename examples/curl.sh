#!/bin/sh
# Submit, watch, cancel: the README's story, with nothing but curl (7.82 or newer).
set -eu
URL=${TAILRACE_URL:-http://127.0.0.1:8000}

submit() { # The answer is 202 once the job is stored; links.self is its address.
  job=$(curl -fsS "$URL/v1/jobs" --json "$1" | sed 's/.*"self":"\([^"]*\)".*/\1/')
  test -n "$job"
}

submit '{"type": "ticks", "params": {"n": 3, "seconds": 0.2}}'
echo "submitted $job"

# Watch: every event from the first one, until the job has ended and the server closes.
curl -fsSN "$URL$job/events?after=0"

# Another one, cancelled while it runs.
submit '{"type": "ticks", "params": {"n": 600, "seconds": 0.5}}'
curl -fsS "$URL$job/cancel" --json '{"reason": "seen enough"}' -o /dev/null -w 'cancel: %{http_code}\n'
state=$(curl -fsS "$URL$job?wait=10" | sed 's/.*"state":"\([a-z]*\)","attempt".*/\1/')
echo "state: $state"
