"""The readers whose lines docs/transports.md counts, in a real Chromium whose connections are cut."""

from playwright.sync_api import BrowserContext

from bench.readers import SCRIPT, SCRIPTED
from tests.browser.conftest import Complaints
from tests.scissors import Scissors
from tests.service import Service

#: Each follows the job to its terminal event, all in one page.
FOLLOW = """([url, names]) => {
  %s
  const readers = { %s };
  const one = (name) => new Promise((done) => {
    const told = [];
    readers[name](url, "0", (envelope) => {
      if (envelope.seq) told.push(envelope);
      if (envelope.type === "job.succeeded") done([name, told]);
    });
  });
  return Promise.all(names.map(one)).then(Object.fromEntries);
}"""


def test_every_reader_of_the_comparison_sees_the_whole_job_in_a_browser(
    context: BrowserContext, service: Service, complaints: Complaints
) -> None:
    job_id = service.submit("ticks", n=40, seconds=0.1)["id"]
    source = FOLLOW % (SCRIPT.replace("export ", ""), ", ".join(SCRIPTED.values()))
    with Scissors(service.port, (2500, 700, 1100, 900, 1500, 800)) as wire:
        page = context.new_page()
        page.goto(f"{wire.url}/livez")
        told = page.evaluate(source, [f"{wire.url}/v1/jobs/{job_id}/events", list(SCRIPTED.values())])
        cuts = sum(exchange.cut for exchange in wire.exchanges)
        page.close()

    log = service.events(job_id)
    assert told == dict.fromkeys(SCRIPTED.values(), log)
    assert cuts >= 3
    complaints.expect("Failed to load resource", "WebSocket connection to")
