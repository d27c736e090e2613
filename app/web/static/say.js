// What a screen reader hears: few sentences, one at a time, the newest of a crowd.

const PAUSE_MS = 3000;
let waiting = null;
let timer = 0;

/** Says `sentence` now where `urgent`, else as the latest word of the next three seconds. */
export function say(sentence, { urgent = false } = {}) {
  waiting = sentence;
  if (urgent) {
    clearTimeout(timer);
    speak();
  } else timer ||= setTimeout(speak, PAUSE_MS);
}

function speak() {
  timer = 0;
  document.getElementById("say").textContent = waiting;
}
