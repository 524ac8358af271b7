// What happened, the newest first. What was wrong is said to screen readers as well.
import { addAlarm } from './chart.js';
import { element, say, timeOfDay } from './words.js';

const list = document.getElementById('timeline');
const spoken = document.getElementById('spoken');
const weight = document.getElementById('weight');
const SHAPES = { routine: '\u25CB', notable: '\u25B2', alarm: '\u25A0' };
const WORDS = { routine: '', notable: 'Notable: ', alarm: 'Alarm: ' };
const MOST = 200;
const MOST_SPOKEN = 10;

const items = new Map();

weight.addEventListener('change', () => { list.dataset.from = weight.value; });

export function forget() {
  items.clear();
  list.replaceChildren();
}

function add(entry) {
  const item = element('li', undefined, entry.weight);
  const time = element('time', timeOfDay(entry.wallAt));
  time.dateTime = new Date(entry.wallAt).toISOString();
  const shape = element('span', SHAPES[entry.weight], 'shape');
  shape.setAttribute('aria-hidden', 'true');
  const what = element('span');
  if (WORDS[entry.weight]) what.append(element('span', WORDS[entry.weight], 'unseen'));
  what.append(element('span', entry.text));
  item.append(time, shape, what);
  list.prepend(item);
  items.set(entry.id, item);
  if (entry.weight === 'alarm') addAlarm(entry.at);
  while (items.size > MOST) {
    const [oldest, its] = items.entries().next().value;
    items.delete(oldest);
    its.remove();
  }
}

export function tell(news, aloud) {
  const atTop = list.scrollTop < 8;
  for (const entry of news) {
    const known = items.get(entry.id);
    if (known) {
      say(known.lastChild.lastChild, entry.text);
    } else {
      add(entry);
      if (aloud && entry.weight !== 'routine') spoken.append(element('p', entry.text));
    }
  }
  while (spoken.children.length > MOST_SPOKEN) spoken.firstChild.remove();
  if (atTop) list.scrollTop = 0;
}
