// How things are said: states, durations, counts, times of day.

export const STATES = {
  idle: { letter: 'I', word: 'idle' },
  leased: { letter: 'L', word: 'leased' },
  connecting: { letter: 'C', word: 'connecting' },
  probing: { letter: 'P', word: 'being examined' },
  doomed: { letter: 'D', word: 'doomed: closes when it comes back' },
  closing: { letter: 'X', word: 'closing' },
  asleep: { letter: 'Z', word: 'idle, asleep' },
  empty: { letter: '\u00b7', word: 'empty' },
};

export function duration(ms) {
  if (ms < 1000) return Math.round(ms) + ' ms';
  const s = ms / 1000;
  if (s < 10) return s.toFixed(1) + ' s';
  if (s < 120) return Math.round(s) + ' s';
  const min = s / 60;
  return min < 120 ? Math.round(min) + ' min' : Math.round(min / 60) + ' h';
}

/** Of waits: from microseconds on. */
export function wait(us) {
  if (us < 1000) return us + ' \u00b5s';
  if (us < 10000) return (us / 1000).toFixed(1) + ' ms';
  return duration(us / 1000);
}

const numbers = new Intl.NumberFormat('en');

export function count(n) {
  return numbers.format(n);
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export function timeOfDay(ms) {
  return clock.format(ms);
}

export function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** Writes only what has changed, so that nothing flickers and no screen reader is disturbed. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
