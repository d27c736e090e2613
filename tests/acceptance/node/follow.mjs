// Follows an event stream by npm's EventSource until that gives up by itself; prints each event as a line of JSON.
import { createRequire } from "node:module";
import { argv, stdout } from "node:process";

// From where this is run: its folder has the packages.
const { EventSource } = createRequire(`${process.cwd()}/`)("eventsource");

const source = new EventSource(argv[2]);
source.onmessage = (event) => stdout.write(`${event.data}\n`);
source.onerror = () => {
  if (source.readyState !== EventSource.CLOSED) return;
  stdout.end();
};
