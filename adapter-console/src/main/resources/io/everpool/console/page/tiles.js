// The slots: tiles, a table of the same, the legend and the line of those who wait.
import { STATES, count, duration, element, say } from './words.js';

const tiles = document.getElementById('tiles');
const legend = document.getElementById('legend');
const detail = document.getElementById('detail');
const table = document.getElementById('slot-table');
const rows = table.querySelector('tbody');
const asTable = document.getElementById('as-table');
const queue = document.getElementById('queue');
const HINT = detail.textContent;
const MANY = 80;

let slots = [];
let current = 0;
let shown = -1;

function stateOf(slot, pool) {
  return pool.asleep && slot.state === 'idle' ? 'asleep' : slot.state;
}

function isLong(slot, pool) {
  const limit = pool.leakMs > 0 ? pool.leakMs : 10000;
  return slot.holder !== null && slot.ms >= limit;
}

function sentence(slot, index) {
  const told = ['Slot ' + (index + 1) + ': ' + STATES[slot.shown].word];
  if (slot.connection > 0) told.push('connection ' + slot.connection);
  if (slot.holder !== null) told.push('held by ' + slot.holder);
  if (slot.state !== 'empty') told.push('for ' + duration(slot.ms));
  if (slot.queries > 0) told.push(count(slot.queries) + ' queries before');
  return told.join(', ');
}

function makeTile(index) {
  const item = element('li');
  const tile = element('button', undefined, 'tile');
  tile.type = 'button';
  tile.tabIndex = -1;
  tile.append(element('span'), element('small'));
  tile.addEventListener('focus', () => { current = index; rove(); tell(index); });
  tile.addEventListener('blur', () => tell(-1));
  tile.addEventListener('mouseenter', () => tell(index));
  tile.addEventListener('mouseleave', () => tell(-1));
  item.append(tile);
  return item;
}

function tell(index) {
  shown = index;
  say(detail, index >= 0 && slots[index] ? sentence(slots[index], index) : HINT);
}

/** One tile can be reached by Tab, the others from there. */
function rove() {
  [...tiles.children].forEach((item, i) => { item.firstChild.tabIndex = i === current ? 0 : -1; });
}

function columns() {
  return getComputedStyle(tiles).gridTemplateColumns.split(' ').length;
}

tiles.addEventListener('keydown', event => {
  const last = slots.length - 1;
  const to = {
    ArrowRight: current + 1, ArrowLeft: current - 1,
    ArrowDown: current + columns(), ArrowUp: current - columns(),
    Home: 0, End: last,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  if (to >= 0 && to <= last) tiles.children[to].firstChild.focus();
});

asTable.addEventListener('click', () => {
  const on = asTable.getAttribute('aria-pressed') !== 'true';
  asTable.setAttribute('aria-pressed', String(on));
  table.hidden = !on;
  tiles.hidden = on;
  detail.hidden = on;
});

function fit(parent, size, make) {
  while (parent.children.length > size) parent.lastChild.remove();
  while (parent.children.length < size) parent.append(make(parent.children.length));
}

function draw(slot, index) {
  const tile = tiles.children[index].firstChild;
  const name = 'tile ' + slot.shown + (slot.long ? ' long' : '');
  if (tile.className !== name) tile.className = name;
  say(tile.firstChild, STATES[slot.shown].letter);
  say(tile.lastChild, slot.state === 'empty' || slot.ms < 100 ? '' : duration(slot.ms));
  const label = sentence(slot, index);
  if (tile.getAttribute('aria-label') !== label) tile.setAttribute('aria-label', label);
  const cells = [index + 1, STATES[slot.shown].word, slot.state === 'empty' ? '' : duration(slot.ms),
    slot.connection || '', slot.holder || '', slot.queries ? count(slot.queries) : ''];
  cells.forEach((cell, i) => say(rows.children[index].children[i], String(cell)));
}

function makeRow() {
  const row = element('tr');
  for (let i = 0; i < 6; i++) row.append(element('td', '', i === 2 || i === 3 || i === 5 ? 'n' : ''));
  return row;
}

function drawLegend() {
  const counts = {};
  slots.forEach(slot => { counts[slot.shown] = (counts[slot.shown] || 0) + 1; });
  const names = Object.keys(STATES);
  fit(legend, names.length, i => {
    const item = element('li');
    const tile = element('span', STATES[names[i]].letter, 'tile ' + names[i]);
    tile.setAttribute('aria-hidden', 'true');
    item.append(tile, element('b'), element('span', names[i]));
    return item;
  });
  names.forEach((name, i) => {
    const item = legend.children[i];
    item.className = counts[name] ? '' : 'none-now';
    item.hidden = name === 'asleep' && !counts[name];
    say(item.children[1], String(counts[name] || 0));
  });
}

export function drawSlots(pool) {
  slots = pool.slots.map(slot =>
    ({ ...slot, shown: stateOf(slot, pool), long: isLong(slot, pool) }));
  tiles.classList.toggle('many', slots.length > MANY);
  const before = tiles.children.length;
  fit(tiles, slots.length, makeTile);
  fit(rows, slots.length, makeRow);
  current = Math.min(current, Math.max(0, slots.length - 1));
  if (before !== slots.length) rove();
  slots.forEach(draw);
  drawLegend();
  if (shown >= 0) tell(shown);
  say(document.getElementById('size'),
    pool.min + ' to ' + pool.max + ' connections' + (pool.max < pool.places ? ', of ' + pool.places + ' slots' : ''));
  const dots = '\u25CF'.repeat(Math.min(pool.waiting, 40));
  say(queue, pool.waiting === 0 ? 'nobody waits' : dots + ' ' + count(pool.waiting) + (pool.waiting === 1 ? ' waits' : ' wait'));
  queue.className = pool.waiting === 0 ? '' : 'some';
}
